export { runbookReads } from "./runbook-reads.ts";
export { runbookWrites } from "./runbook-writes.ts";
