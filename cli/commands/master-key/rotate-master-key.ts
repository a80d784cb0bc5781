import { setTimeout as sleep } from "node:timers/promises";
import type { MasterKeyResource } from "../../../src/contract/api/master-key.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { masterKeyView } from "../../views/master-key-view.ts";

/** Milliseconds between two looks at how far it is. */
const interval = 500;

export const command: Command = {
  name: "rotate-master-key",
  summary: "replace the key that secrets are sealed by, while everything goes on",
  description:
    "Takes a further key that the services were given, else makes one and adds it to the key's file. When every live service has it, secrets are sealed by it, and then the former one is retired. The command follows that to its end; it goes on by itself when the command is ended, and the command may be called again. Keep the former key with the backups that were made under it.",
  examples: [{ line: "rotate-master-key", does: "a new key, for one service with a key file" }],
  async run(invocation) {
    const api = connect();
    const { keys: before } = await api.get<MasterKeyResource>("/api/master-key");
    const former = before.find(({ state }) => state === "retiring") ?? before.find(({ state }) => state === "current");
    let status = await api.post<MasterKeyResource>("/api/master-key/rotation", {});
    let told = "";
    while (status.rotating) {
      const stage = stageOf(status);
      if (stage !== told) process.stderr.write(`${stage}\n`);
      told = stage;
      await sleep(interval);
      status = await api.get<MasterKeyResource>("/api/master-key");
    }
    await printList(status.keys, masterKeyView, invocation.output);
    const current = status.keys.find(({ state }) => state === "current");
    process.stderr.write(
      `The new key is ${current?.keyId}: keep a copy of it in a safe place. The service has it from ${status.source}.\n`,
    );
    if (former !== undefined && former.keyId !== current?.keyId) {
      process.stderr.write(
        `The former key is ${former.keyId}: keep it with the backups that were made under it, then take it out there.\n`,
      );
    }
    return exitCodes.completed;
  },
};

function stageOf({ keys, waitingFor }: MasterKeyResource): string {
  if (waitingFor.length > 0) {
    return `Waiting for the new key at: ${waitingFor.join(", ")}`;
  }
  return keys.some(({ state }) => state === "next")
    ? "The new key is being taken into use."
    : "Secrets are being sealed by the new key.";
}
