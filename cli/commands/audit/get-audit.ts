import type { AuditAnchorResource, AuditEntryResource } from "../../../src/contract/api/audit.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { readLimit } from "../../parameters/limit.ts";
import { readTime } from "../../parameters/time.ts";
import { auditEntryView } from "../../views/audit-view.ts";

export const command: Command = {
  name: "get-audit",
  summary: "list who did what, when and from where, newest first",
  description:
    "Starts of jobs are told by the jobs: --kind job lists them, too. With --anchor it prints the signed end of the audit; keep that somewhere else, and hand it to verify-audit.",
  options: [
    { flags: "--by <principal>", help: "only what this principal did; its name or id" },
    { flags: "--action <verb>", help: "only this: create, change, remove, publish, stop, denied, …" },
    { flags: "--kind <kind>", help: "only what was done to this kind of thing: runbook, principal, worker, job, …" },
    { flags: "--thing <thing>", help: "only what was done to this thing; its name or id" },
    { flags: "--since <time>", help: "only then or later: 2031-05-01T08:00:00Z, or how long ago: 2h" },
    { flags: "--until <time>", help: "only before then: a time, or how long ago" },
    { flags: "--limit <number>", help: "at most so many", default: "50" },
    { flags: "--anchor", help: "print the signed end of the audit instead, as JSON" },
  ],
  examples: [
    { line: "get-audit --since 1d", does: "what was changed since yesterday" },
    { line: "get-audit --by anna --kind runbook", does: "what anna did to runbooks" },
    { line: "get-audit --action denied", does: "who was denied something, by minute and address" },
    { line: "get-audit --anchor > anchor.json", does: "what to keep elsewhere, for verify-audit --anchor anchor.json" },
  ],
  async run(invocation) {
    const api = connect();
    if (invocation.flag("anchor")) {
      process.stdout.write(`${JSON.stringify(await api.get<AuditAnchorResource>("/api/audit/anchor"), null, 2)}\n`);
      return exitCodes.completed;
    }
    const query = new URLSearchParams();
    for (const name of ["by", "action", "kind", "thing"]) {
      const value = invocation.text(name);
      if (value !== undefined) query.set(name, value);
    }
    for (const name of ["since", "until"]) {
      const value = invocation.text(name);
      if (value !== undefined) query.set(name, readTime(name, value));
    }
    const entries = await api.list<AuditEntryResource>(`/api/audit?${query}`, readLimit(invocation));
    await printList(entries, auditEntryView, invocation.output);
    return exitCodes.completed;
  },
};
