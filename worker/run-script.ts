import type { Grant } from "../src/contract/grant.ts";
import type { LogSwitches } from "../src/contract/host/host-messages.ts";
import type { AttemptEnd } from "../src/contract/link/records-frames.ts";
import type { RunbookKind } from "../src/contract/runbook-kind.ts";
import { defaultOutputLimit, defaultStopGrace } from "../src/contract/session-limits.ts";
import type { ParameterSchema } from "../src/contract/signature.ts";
import type { StreamRecord } from "../src/contract/stream.ts";
import type { AssetProvider } from "./assets/asset-provider.ts";
import { noAssets } from "./assets/asset-provider.ts";
import type { RunbookProvider } from "./children/runbook-provider.ts";
import { noRunbooks } from "./children/runbook-provider.ts";
import { localClock } from "./link/service-clock.ts";
import type { LocalHosts } from "./local-hosts.ts";
import { AttemptRun } from "./slots/attempt-run.ts";
import { watchMemory } from "./slots/memory-watch.ts";

export interface RunScriptOptions {
  /** The runbook's name, as its messages and stacks show it. */
  name: string;
  kind: RunbookKind;
  /** What the host runs: stripped JavaScript, or PowerShell. */
  script: string;
  parameters: Record<string, unknown>;
  /** `Signature.properties`. */
  parameterSchemas: Record<string, ParameterSchema>;
  grants: Grant[];
  /** What the script may have; nothing when left out. */
  assets?: AssetProvider;
  /** Where it finds other runbooks; nowhere when left out. */
  runbooks?: RunbookProvider;
  logs?: LogSwitches;
  /** Milliseconds; default without limit. */
  timeLimit?: number;
  /** Milliseconds between asking the script to end and killing it. */
  stopGrace?: number;
  outputLimit?: number;
  onRecord(record: StreamRecord): void;
  /** Aborted once, the script is asked to stop; its reason is told to it. */
  stop?: AbortSignal;
  /** Aborted, the script is killed at once. */
  kill?: AbortSignal;
}

/**
 * Runs one script on this machine without a service: same hosts, same sandbox, same records.
 *
 * @param hosts for the script's kind
 * @returns how it ended; never rejects for a fault of the script.
 */
export async function runScript(hosts: LocalHosts, options: RunScriptOptions): Promise<AttemptEnd> {
  let end: AttemptEnd | undefined;
  const run = new AttemptRun(
    {
      jobId: "00000000-0000-0000-0000-000000000000",
      attempt: 1,
      runbook: { name: options.name, kind: options.kind },
      script: options.script,
      parameters: options.parameters,
      parameterSchemas: options.parameterSchemas,
      secrets: [],
      journal: [],
      checkpoint: null,
      children: [],
      grants: options.grants,
      logs: options.logs ?? { verbose: true, debug: true, progress: true },
      timeLimit: options.timeLimit ?? null,
      stopGrace: options.stopGrace ?? defaultStopGrace,
      outputLimit: options.outputLimit ?? defaultOutputLimit,
      reuseKey: null,
    },
    {
      pool: hosts.pool,
      keptHosts: null,
      assets: options.assets ?? noAssets,
      runbooks: options.runbooks ?? noRunbooks,
      clock: localClock,
      logger: hosts.logger,
      sandboxed: hosts.sandboxed,
      leaseLapsed: () => false,
    },
    {
      running() {},
      record: (_, json) => options.onRecord(JSON.parse(json) as StreamRecord),
      // Nobody goes on from it: it is as good as stored.
      journal: ({ sequence }) => queueMicrotask(() => run.journalStored(sequence)),
      batchOver() {},
      scriptOver() {},
      ended(told) {
        end = told;
      },
    },
  );
  const stop = (): void => run.stop(String(options.stop?.reason ?? "stopped"), false);
  const kill = (): void => run.stop("killed", true);
  options.stop?.addEventListener("abort", stop);
  options.kill?.addEventListener("abort", kill);
  if (options.stop?.aborted) stop();
  const unwatch = watchMemory(() => [run], hosts.memoryLimit);
  try {
    await run.over;
  } finally {
    unwatch();
    options.stop?.removeEventListener("abort", stop);
    options.kill?.removeEventListener("abort", kill);
  }
  if (end === undefined) throw new Error("an attempt was over without an end");
  return end;
}
