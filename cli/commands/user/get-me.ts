import type { MeResource } from "../../../src/contract/api/principal.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import type { View } from "../../output/print.ts";
import { printOne } from "../../output/print.ts";

const meView: View<MeResource & { url: string }> = {
  columns: [
    { title: "Principal", value: ({ kind, name }) => `${kind}:${name}` },
    { title: "Display name", value: ({ name, displayName }) => (displayName === name ? "" : displayName) },
    { title: "Administrator", value: ({ administrator }) => (administrator ? "yes" : "no") },
    { title: "Groups", value: ({ groups }) => groups.map(({ name }) => name).join(", ") },
    { title: "Scope", value: ({ scope }) => scope?.join(",") ?? "" },
    { title: "Service", value: ({ url }) => url },
  ],
  name: ({ name }) => name,
};

export const command: Command = {
  name: "get-me",
  summary: "show who the commands act as, and where",
  examples: [{ line: "get-me", does: "the principal, its groups, and the service" }],
  async run(invocation) {
    const api = connect();
    const me = await api.get<MeResource>("/api/me");
    await printOne({ ...me, url: api.url }, meView, invocation.output);
    return exitCodes.completed;
  },
};
