import { isoTime, isoTimeOrNull } from "../../../contract/api/iso-time.ts";
import type { RunbookResource, RunbookVersionResource } from "../../../contract/api/runbook.ts";
import type { StoredRunbook, StoredRunbookVersion } from "../../../store/operations/runbooks.ts";

/** A runbook as the API shows it. */
export function runbookResource(stored: StoredRunbook): RunbookResource {
  return {
    ...stored,
    draft: stored.draft === null ? null : runbookVersionResource(stored.draft),
    published: stored.published === null ? null : runbookVersionResource(stored.published),
    createdAt: isoTime(stored.createdAt),
    modifiedAt: isoTime(stored.modifiedAt),
  };
}

/** A runbook version as the API shows it. */
export function runbookVersionResource(stored: StoredRunbookVersion): RunbookVersionResource {
  return { ...stored, createdAt: isoTime(stored.createdAt), publishedAt: isoTimeOrNull(stored.publishedAt) };
}
