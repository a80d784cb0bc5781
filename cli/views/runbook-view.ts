import type { RunbookResource } from "../../src/contract/api/runbook.ts";
import type { Signature } from "../../src/contract/signature.ts";
import { formatGrants } from "../../src/language/needs.ts";
import type { View } from "../output/print.ts";
import { formatDuration, formatSize } from "../output/quantities.ts";
import { parameterText } from "./parameter-text.ts";

/** How runbooks are shown. */
export const runbookView: View<RunbookResource> = {
  columns: [
    { title: "Name", value: (runbook) => runbook.name },
    { title: "Kind", value: (runbook) => runbook.kind },
    { title: "Published", value: (runbook) => (runbook.published === null ? "" : `v${runbook.published.number}`) },
    { title: "Draft", value: draftText },
    { title: "Enabled", value: (runbook) => (runbook.enabled ? "yes" : "no") },
    { title: "Grants", value: (runbook) => formatGrants(runbook.grants) },
    { title: "Tags", value: (runbook) => runbook.tags.join(",") },
  ],
  details: [
    { title: "Id", value: (runbook) => runbook.runbookId },
    { title: "Folder", value: (runbook) => runbook.folder ?? "" },
    { title: "Runs as", value: runAsText },
    { title: "Description", value: (runbook) => runbook.description || (current(runbook)?.synopsis ?? "") },
    { title: "Needs", value: (runbook) => current(runbook)?.needs.join(" ") ?? "" },
    { title: "Parameters", value: (runbook) => signatureText(current(runbook)?.signature ?? null) },
    { title: "Problems", value: (runbook) => problemsText(runbook) },
    { title: "Isolation", value: isolationText },
    { title: "Runs on", value: (runbook) => runbook.runOn.join(", ") },
    { title: "Stand-bys", value: standBysText },
    { title: "Required tags", value: (runbook) => runbook.requiredTags.join(", ") },
    { title: "Priority", value: (runbook) => (runbook.priority === 0 ? "" : String(runbook.priority)) },
    { title: "Logs", value: (runbook) => switchesText(runbook) },
    { title: "Time limit", value: (runbook) => limitText(runbook.timeLimit) },
    { title: "Start deadline", value: (runbook) => limitText(runbook.startDeadline) },
    { title: "At once", value: concurrencyText },
    { title: "Attempts", value: (runbook) => String(runbook.attempts) },
    { title: "Retries", value: (runbook) => String(runbook.retries) },
    { title: "Stop grace", value: (runbook) => formatDuration(runbook.stopGrace) },
    { title: "Output limit", value: (runbook) => formatSize(runbook.outputLimit) },
    { title: "Modified", value: (runbook) => `${runbook.modifiedAt} by ${runbook.modifiedBy}` },
  ],
  name: (runbook) => runbook.name,
};

function current(runbook: RunbookResource) {
  return runbook.published ?? runbook.draft;
}

function runAsText({ runAs }: RunbookResource): string {
  if (runAs === null) return "";
  if (runAs.name === null) return "somebody who is gone: its jobs are refused";
  return `${runAs.kind}:${runAs.name}${runAs.enabled ? "" : ", disabled: its jobs are refused"}`;
}

function draftText({ draft }: RunbookResource): string {
  if (draft === null) return "";
  if (draft.analysis === "waiting") return `v${draft.number}, not analysed yet`;
  const errors = draft.problems.filter(({ severity }) => severity === "error").length;
  return errors === 0 ? `v${draft.number}` : `v${draft.number}, ${errors} ${errors === 1 ? "problem" : "problems"}`;
}

function signatureText(signature: Signature | null): string {
  return Object.entries(signature?.properties ?? {})
    .map(([name, schema]) => parameterText(name, schema, signature?.required.includes(name) ?? false))
    .join("\n");
}

function problemsText({ draft, published }: RunbookResource): string {
  return (
    (draft ?? published)?.problems
      .map(({ line, column, severity, message }) => `${line}:${column} ${severity}: ${message}`)
      .join("\n") ?? ""
  );
}

function switchesText({ logs }: RunbookResource): string {
  return (["verbose", "debug", "progress"] as const).filter((name) => logs[name]).join(",");
}

function limitText(limit: number | null): string {
  return limit === null ? "none" : formatDuration(limit);
}

function isolationText({ isolation, shareCallers }: RunbookResource): string {
  if (isolation === "job") return "job";
  return shareCallers ? "runbook: hosts are reused, whoever starts the jobs" : "runbook: hosts are reused per starter";
}

function standBysText({ standBys, standByAfter }: RunbookResource): string {
  return standBys.length === 0 ? "" : `${standBys.join(", ")} after ${formatDuration(standByAfter)}`;
}

function concurrencyText({ concurrencyLimit, concurrencyPolicy }: RunbookResource): string {
  return concurrencyLimit === null ? "no limit" : `${concurrencyLimit}, then ${concurrencyPolicy}`;
}
