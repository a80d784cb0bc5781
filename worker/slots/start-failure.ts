import type { AssetErrorCode } from "../../src/contract/assets.ts";
import type { Grant } from "../../src/contract/grant.ts";
import type { JobException } from "../../src/contract/host/host-messages.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { AssetParameterError } from "../assets/asset-parameters.ts";
import { HostStartError } from "../hosts/host-process.ts";

/** Why an attempt got no host, or not what it was to be handed over with. */
export interface StartFailure {
  reason: "host-lost" | "worker-error";
  /** For the one who started the job. */
  exception: JobException;
  /** What the log keeps and the one who started the job has no use for; null where the exception says all. */
  details: Record<string, unknown> | null;
}

/** @param grants of the job that was to start */
export function startFailure(error: unknown, grants: readonly Grant[]): StartFailure {
  const exception = explain(error, grants);
  const isExplained = error instanceof UserError || error instanceof AssetParameterError;
  return {
    // A host that died before it was ready is lost as one that dies later; what the worker cannot give is not.
    reason: exception.name === "HostStartError" ? "host-lost" : "worker-error",
    exception,
    details: isExplained ? null : detailsOf(error),
  };
}

function explain(error: unknown, grants: readonly Grant[]): JobException {
  if (error instanceof AssetParameterError) return { name: exceptionOfAsset[error.code], message: error.message };
  if (error instanceof UserError) {
    const name = error.code === "grant-unusable" ? "GrantUnusable" : "WorkerError";
    return { name, message: error.remedy === undefined ? error.message : `${error.message} ${error.remedy}` };
  }
  if (error instanceof HostStartError) {
    for (const grant of grants) {
      if ("path" in grant && error.text.includes(grant.path) && error.text.includes("Permission denied")) {
        return {
          name: "GrantUnusable",
          message: `The granted path ${grant.path} cannot be reached by the account that jobs run as. Let that account through to it: each folder on the way needs the right to enter (chmod o+x), the path itself the right to read.`,
        };
      }
    }
    const more = error.isWhole ? "" : " The log of its worker has all that it said, under this job's id.";
    return { name: "HostStartError", message: `The host did not start: ${error.summary}${more}` };
  }
  const message =
    "The host could not be started on its worker, whose log says why under this job's id. Start the job again; if it stays so, see what `npx runsmith doctor` says there.";
  return { name: "HostStartError", message };
}

const exceptionOfAsset: Readonly<Record<AssetErrorCode, string>> = {
  "asset-not-found": "AssetNotFound",
  "asset-unavailable": "AssetUnavailable",
  "asset-refused": "AssetRefused",
};

function detailsOf(error: unknown): Record<string, unknown> {
  if (error instanceof HostStartError) return { reason: error.message };
  return error instanceof Error ? { reason: error.message, stack: error.stack } : { reason: String(error) };
}
