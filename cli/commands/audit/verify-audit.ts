import { readFileSync } from "node:fs";
import type { AuditAnchorResource, AuditFinding, AuditVerificationResource } from "../../../src/contract/api/audit.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { StepProgress } from "../../output/step-progress.ts";
import { auditFindingView } from "../../views/audit-view.ts";

export const command: Command = {
  name: "verify-audit",
  summary: "look whether an entry of the audit was changed, removed or put in",
  description:
    "The exit code is 1 when something is wrong. Who can write to the database could put an older state of it back as a whole; an anchor that was kept elsewhere shows that.",
  options: [
    {
      flags: "--anchor <file>",
      help: "an anchor that get-audit --anchor printed, or an array of such: the audit has to go through it",
      many: true,
    },
  ],
  examples: [
    { line: "verify-audit", does: "the whole audit, entry by entry" },
    { line: "verify-audit --anchor anchor.json", does: "and that it still is the one of then" },
  ],
  async run(invocation) {
    const anchors = invocation.list("anchor").flatMap(readAnchors);
    const api = connect();
    const end = await api.get<AuditAnchorResource>("/api/audit/anchor").catch(nothingYet);
    const findings: AuditFinding[] = [];
    let verified = 0;
    const progress = await StepProgress.open();
    try {
      for (let after: number | null | undefined; after !== null; ) {
        const portion: AuditVerificationResource = await api.call("POST", "/api/audit/verification", {
          body: { anchors, ...(after !== undefined && { after }) },
        });
        verified += portion.verified;
        findings.push(...portion.findings);
        after = portion.next;
        progress.show(
          "verifying",
          Math.min(1, (after ?? end?.sequence ?? 0) / (end?.sequence ?? 1)),
          `${verified} entries`,
        );
      }
    } finally {
      progress.stop();
    }
    if (findings.length > 0 || invocation.output !== "table") {
      await printList(findings, auditFindingView, invocation.output);
    }
    const found = findings.length === 0 ? "nothing is wrong with them" : `${findings.length} things are wrong`;
    process.stderr.write(`${verified} entries were looked at: ${found}.\n`);
    return findings.length === 0 ? exitCodes.completed : exitCodes.failed;
  },
};

function nothingYet(error: unknown): null {
  if (error instanceof UserError && error.code === "audit-empty") return null;
  throw error;
}

/** @throws UserError `invalid-anchor` */
function readAnchors(file: string): AuditAnchorResource[] {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as AuditAnchorResource | AuditAnchorResource[];
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    throw new UserError("invalid-anchor", `${file} holds no anchor: ${(cause as Error).message}`, {
      remedy: "Give a file with what get-audit --anchor printed.",
      cause,
    });
  }
}
