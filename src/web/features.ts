import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { AccessFeature } from "../access/access-feature.ts";
import { RunbooksFeature } from "../runbooks/runbooks-feature.ts";
import type { PowerShellAnalyser } from "../runbooks/script-analyser.ts";
import { ScriptAnalyser } from "../runbooks/script-analyser.ts";
import { WaitingAnalyses } from "../runbooks/waiting-analyses.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "./logging.ts";
import type { ServerOptions } from "./server-options.ts";
import type { ServiceMetrics } from "./service-metrics.ts";
import type { TransportGuard } from "./transport-guard.ts";

/** Everything that the web service can do, one feature each. */
export interface Features {
  access: AccessFeature;
  runbooks: RunbooksFeature;
  /** Takes the upgrade of a worker's socket. */
  acceptWorkerLink(guard: TransportGuard): (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends event streams and worker links, which would not end by themselves. */
  endConnections(): Promise<void>;
  /** Ends what features do by themselves, in order. */
  close(): Promise<void>;
}

export interface FeatureParts {
  store: Store;
  options: ServerOptions;
  metrics: ServiceMetrics;
  /** Runsmith's version. */
  version: string;
  log: Log;
}

/** Builds the features on top of an open store. */
export async function openFeatures({ store, log }: FeatureParts): Promise<Features> {
  const powerShell: PowerShellAnalyser = {
    analysePowerShell: async () => null,
    onPowerShellAvailable: () => () => undefined,
  };
  const access = new AccessFeature(store);
  const analyser = new ScriptAnalyser(powerShell);
  const waiting = new WaitingAnalyses(store, analyser, (error) =>
    log.error("A draft that waits for its analysis could not be analysed; it will be tried again", { error }),
  );
  return {
    access,
    runbooks: new RunbooksFeature(store, analyser),
    acceptWorkerLink: () => (_request, socket) => socket.destroy(),
    endConnections: async () => undefined,
    async close() {
      analyser.close();
      await waiting.close();
      await access.close();
    },
  };
}
