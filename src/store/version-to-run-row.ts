import type { RunbookKind } from "../contract/runbook-kind.ts";
import type { Signature } from "../contract/signature.ts";
import { emptySignature } from "../contract/signature.ts";
import { bytesToId } from "./id-bytes.ts";
import type { VersionToRun } from "./operations/jobs.ts";

/** A version and its runbook, as both databases read them. */
export interface VersionToRunRow {
  executable: string | null;
  executable_hash: Uint8Array | null;
  signature: string | null;
  number: number;
  calls: string | null;
  runbook_id: Uint8Array;
  name: string;
  kind: RunbookKind;
  folder_id: Uint8Array | null;
}

/** Null where its text cannot run. */
export function toVersionToRun(versionId: string, row: VersionToRunRow): VersionToRun | null {
  if (row.executable === null || row.executable_hash === null) {
    return null;
  }
  return {
    versionId,
    number: row.number,
    runbook: {
      runbookId: bytesToId(row.runbook_id),
      name: row.name,
      kind: row.kind,
      folderId: row.folder_id === null ? null : bytesToId(row.folder_id),
    },
    calls: row.calls === null ? [] : (JSON.parse(row.calls) as string[]),
    signature: row.signature === null ? emptySignature : (JSON.parse(row.signature) as Signature),
    executable: row.executable,
    executableHash: Buffer.from(row.executable_hash).toString("hex"),
  };
}
