import { readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { scriptSizeLimit } from "../../src/contract/analysis.ts";
import type { RunbookResource } from "../../src/contract/api/runbook.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { formatGrant, formatGrants, missingGrants, parseGrants } from "../../src/language/needs.ts";
import type { ApiClient } from "../connection/api-client.ts";
import type { ScriptFile } from "./find-scripts.ts";

export interface ImportSettings {
  publish: boolean;
  overwrite: boolean;
  grantNeeded: boolean;
  assetsLater?: boolean;
  folder?: string;
  tags?: string[];
  description?: string;
}

export interface ImportedScript {
  runbook: RunbookResource;
  /** Grants that the runbook has now and had not before, in written form. */
  granted: string[];
}

/** How long PowerShell's analysis, which a worker does, is waited for. */
const analysisPatience = 60_000;

/**
 * Imports one script, and publishes it when that is wanted. Throws `UserError` for what the service refuses.
 * @param onStored the script is there, if only as a draft
 */
export async function importScript(
  api: ApiClient,
  script: ScriptFile,
  settings: ImportSettings,
  onStored: () => void,
): Promise<ImportedScript> {
  const { tags, description, folder, overwrite, grantNeeded, assetsLater = false } = settings;
  const source = readScript(script.path).toString("base64");
  const before = overwrite ? await existing(api, script.name) : null;
  const sent = await api.post<RunbookResource>("/api/runbooks", {
    name: script.name,
    kind: script.kind,
    source,
    overwrite,
    ...(folder === undefined ? {} : { folder }),
    ...(tags === undefined ? {} : { tags }),
    ...(description === undefined ? {} : { description }),
    ...(grantNeeded ? { grantNeeded } : {}),
  });
  onStored();
  const path = `/api/runbooks/${encodeURIComponent(sent.runbookId)}`;
  let runbook = settings.publish || grantNeeded ? await analysed(api, path, sent) : sent;
  if (settings.publish && runbook.draft !== null) {
    const body = { ...(grantNeeded ? { grantNeeded } : {}), ...(assetsLater ? { assetsLater } : {}) };
    runbook = await api.post<RunbookResource>(`${path}/publish`, body);
  } else if (grantNeeded) {
    runbook = await grantNeeds(api, path, runbook);
  }
  return { runbook, granted: missingGrants(runbook.grants, before?.grants ?? []).map(formatGrant) };
}

/** What a publishing runbook still needs, as a sentence; an empty text when nothing. */
export function ungrantedText(runbook: RunbookResource): string {
  const needs = parseGrants((runbook.draft ?? runbook.published)?.needs.join(" ") ?? "");
  const missing = missingGrants(needs, runbook.grants);
  if (missing.length === 0) return "";
  const all = formatGrants([...runbook.grants, ...missing]);
  return `${runbook.name} states that it needs ${formatGrants(missing)}, which is not granted: npx runsmith set-runbook ${runbook.name} --grant "${all}"`;
}

function readScript(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > scriptSizeLimit) {
      throw new UserError("script-too-large", `${path} has ${size} bytes; a script has at most ${scriptSizeLimit}.`, {
        status: 413,
        remedy: "Keep data out of the script: pass it as a parameter, or read it from a granted folder.",
      });
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("file-not-found", `${path} cannot be read: ${(error as Error).message}.`, {
      remedy: "See that the path is right and that you may read it.",
    });
  }
}

async function existing(api: ApiClient, name: string): Promise<RunbookResource | null> {
  try {
    return await api.get<RunbookResource>(`/api/runbooks/${encodeURIComponent(name)}`);
  } catch (error) {
    if (error instanceof UserError && error.status === 404) return null;
    throw error;
  }
}

/** PowerShell is analysed by a worker, some moments after its import. */
async function analysed(api: ApiClient, path: string, imported: RunbookResource): Promise<RunbookResource> {
  const deadline = Date.now() + analysisPatience;
  let runbook = imported;
  while (runbook.draft?.analysis === "waiting") {
    if (Date.now() > deadline) {
      throw new UserError(
        "analysis-waiting",
        `"${runbook.name}" is stored as a draft, but no worker that can analyse ${runbook.kind} has come for ${analysisPatience / 1000} s.`,
        {
          status: 409,
          remedy: `See \`npx runsmith get-worker\` and \`npx runsmith doctor\`; then \`npx runsmith publish-runbook ${runbook.name}\`.`,
        },
      );
    }
    await sleep(150);
    runbook = await api.get<RunbookResource>(path);
  }
  return runbook;
}

async function grantNeeds(api: ApiClient, path: string, runbook: RunbookResource): Promise<RunbookResource> {
  const needs = parseGrants((runbook.draft ?? runbook.published)?.needs.join(" ") ?? "");
  const missing = missingGrants(needs, runbook.grants);
  if (missing.length === 0) return runbook;
  return await api.call<RunbookResource>("PATCH", path, { body: { grants: [...runbook.grants, ...missing] } });
}
