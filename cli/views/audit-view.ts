import type { AuditEntryResource, AuditFinding } from "../../src/contract/api/audit.ts";
import type { View } from "../output/print.ts";

/** How entries of the audit are shown. */
export const auditEntryView: View<AuditEntryResource> = {
  columns: [
    { title: "When", value: (entry) => entry.happenedAt },
    { title: "Who", value: whoText },
    { title: "From", value: (entry) => entry.by.address ?? "" },
    { title: "What", value: (entry) => entry.action },
    { title: "Kind", value: (entry) => entry.thing.kind },
    { title: "Thing", value: (entry) => entry.thing.name ?? entry.thing.id ?? "" },
    { title: "Change", value: changeText },
  ],
  name: (entry) => entry.entryId,
};

/** How what is wrong with the audit is shown. */
export const auditFindingView: View<AuditFinding> = {
  columns: [
    { title: "Place", value: (finding) => (finding.sequence === null ? "" : String(finding.sequence)) },
    { title: "Entry", value: (finding) => finding.entryId ?? "" },
    { title: "Problem", value: (finding) => finding.problem },
  ],
  name: (finding) => finding.entryId ?? "",
};

/** A job acts as somebody who may not even know of it. */
function whoText({ by }: AuditEntryResource): string {
  return by.signedInBy?.startsWith("job ") === true ? `${by.signedInBy} as ${by.name}` : by.name;
}

/** What is different, as `member: before → after`. */
function changeText({ before, after }: AuditEntryResource): string {
  const [old, now] = [before, after].map((state) => (state ?? {}) as Record<string, unknown>);
  return [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])]
    .map((member) => {
      const [one, other] = [old?.[member], now?.[member]].map(valueText);
      return one === undefined ? `${member}: ${other}` : `${member}: ${one} → ${other ?? "nothing"}`;
    })
    .join(", ");
}

function valueText(value: unknown): string | undefined {
  return typeof value === "string" ? value : JSON.stringify(value);
}
