import type { RunbookResource } from "../../src/contract/api/runbook.ts";
import { looksLikeId } from "../../src/contract/id.ts";
import type { CommandOption, Invocation } from "../command.ts";
import type { ApiClient } from "../connection/api-client.ts";
import type { PrincipalNoun } from "./principal-nouns.ts";

/** Of commands after which a principal's jobs cannot act as it. */
export const reassignOption: CommandOption = {
  flags: "--reassign-runbooks <principal>",
  help: "let the runbooks whose jobs act as it act as this one from now on",
};

/** Runbooks named at most; there may be thousands. */
const mostNamed = 20;

/**
 * Looks after the runbooks whose jobs act as a principal that is about to be disabled or removed: lets them act as another one where that
 * is asked for, else tells which they are.
 */
export async function lookAfterRunbooks<Resource>(
  api: ApiClient,
  noun: PrincipalNoun<Resource>,
  invocation: Invocation,
): Promise<void> {
  const named = invocation.argument(0);
  const runAs = looksLikeId(named) ? named : `${noun.name}:${named}`;
  const runbooks = await api.list<RunbookResource>(`/api/runbooks?${new URLSearchParams({ runAs })}`);
  if (runbooks.length === 0) return;
  const successor = invocation.text("reassign-runbooks");
  if (successor === undefined) {
    process.stderr.write(`${affectedText(named, runbooks)}\n`);
    return;
  }
  for (const { runbookId, name } of runbooks) {
    await api.call("PATCH", `/api/runbooks/${runbookId}`, { body: { runAs: successor } });
    process.stderr.write(`Jobs of ${name} act as ${successor} now.\n`);
  }
}

function affectedText(principal: string, runbooks: readonly RunbookResource[]): string {
  const names = runbooks.slice(0, mostNamed).map(({ name }) => name);
  const more = runbooks.length > mostNamed ? ` and ${runbooks.length - mostNamed} more` : "";
  return [
    `Jobs of these runbooks act as ${principal}, and are refused from now on: ${names.join(", ")}${more}.`,
    "Let them act as somebody else: npx runsmith set-runbook NAME --run-as PRINCIPAL (all of them: --reassign-runbooks PRINCIPAL).",
  ].join("\n");
}
