import type { Grant } from "../src/contract/grant.ts";
import type { LogSwitches } from "../src/contract/host/host-messages.ts";
import type { AttemptEnd } from "../src/contract/link/records-frames.ts";
import type { RunbookKind } from "../src/contract/runbook-kind.ts";
import { hostKindOf } from "../src/contract/runbook-kind.ts";
import { defaultOutputLimit, defaultStopGrace } from "../src/contract/session-limits.ts";
import type { ParameterSchema } from "../src/contract/signature.ts";
import type { StreamRecord } from "../src/contract/stream.ts";
import { UserError } from "../src/contract/user-error.ts";
import { noRegister } from "./hosts/host-starter.ts";
import { launcherOf } from "./hosts/launchers.ts";
import { openHosts } from "./hosts/open-hosts.ts";
import { WarmPool } from "./hosts/warm-pool.ts";
import { localClock } from "./link/service-clock.ts";
import { AttemptRun } from "./slots/attempt-run.ts";
import { watchMemory } from "./slots/memory-watch.ts";
import type { HostOptions } from "./worker-options.ts";
import { resolveHostOptions } from "./worker-options.ts";

export interface RunScriptOptions extends HostOptions {
  /** The runbook's name, as its messages and stacks show it. */
  name: string;
  kind: RunbookKind;
  /** What the host runs: stripped JavaScript, or PowerShell. */
  script: string;
  parameters: Record<string, unknown>;
  /** `Signature.properties`. */
  parameterSchemas: Record<string, ParameterSchema>;
  grants: Grant[];
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
 * @returns how it ended; never rejects for a fault of the script.
 * @throws UserError when this machine cannot run it.
 */
export async function runScript(options: RunScriptOptions): Promise<AttemptEnd> {
  const resolved = resolveHostOptions(options);
  const kind = hostKindOf[options.kind];
  const hosts = await openHosts(resolved, [launcherOf(kind)], {
    concurrency: 2,
    register: noRegister,
    dedicated: false,
  });
  const pool = new WarmPool({ starter: hosts.starter, memory: 0, slots: 1, base: {}, logger: resolved.logger });
  try {
    const missing = hosts.missing[0];
    if (missing !== undefined) {
      throw new UserError("host-kind-missing", `This machine cannot run ${options.kind} runbooks: ${missing.reason}.`);
    }
    return await runOne(options, pool, resolved.sandbox !== "none", resolved.limits.memory);
  } finally {
    await pool.close();
    hosts.close();
  }
}

async function runOne(
  options: RunScriptOptions,
  pool: WarmPool,
  sandboxed: boolean,
  memoryLimit: number,
): Promise<AttemptEnd> {
  let end: AttemptEnd | undefined;
  const run = new AttemptRun(
    {
      jobId: "00000000-0000-0000-0000-000000000000",
      attempt: 1,
      runbook: { name: options.name, kind: options.kind },
      script: options.script,
      parameters: options.parameters,
      parameterSchemas: options.parameterSchemas,
      grants: options.grants,
      logs: options.logs ?? { verbose: true, debug: true, progress: true },
      timeLimit: options.timeLimit ?? null,
      stopGrace: options.stopGrace ?? defaultStopGrace,
      outputLimit: options.outputLimit ?? defaultOutputLimit,
    },
    { pool, clock: localClock, logger: resolveHostOptions(options).logger, sandboxed, leaseLapsed: () => false },
    {
      hostReady() {},
      running() {},
      record: (_, json) => options.onRecord(JSON.parse(json) as StreamRecord),
      batchOver() {},
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
  const unwatch = watchMemory(() => [run], memoryLimit);
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
