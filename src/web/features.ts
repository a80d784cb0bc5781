import { AccessFeature } from "../access/access-feature.ts";
import { newToken, tokenHash } from "../access/token.ts";
import { RunbooksFeature } from "../runbooks/runbooks-feature.ts";
import { ScriptAnalyser } from "../runbooks/script-analyser.ts";
import { WaitingAnalyses } from "../runbooks/waiting-analyses.ts";
import type { Store } from "../store/store.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import { createWorkersFeature } from "../workers/workers-feature.ts";
import type { Log } from "./logging.ts";
import type { ServerOptions } from "./server-options.ts";
import type { ServiceMetrics } from "./service-metrics.ts";
import { workerOf } from "./worker-links.ts";

/** Everything that the web service can do, one feature each. */
export interface Features {
  access: AccessFeature;
  runbooks: RunbooksFeature;
  workers: WorkersFeature;
  /** Extends the leases of workers, then closes their links and all event streams: none would end by itself. */
  endConnections(): Promise<void>;
  /** Ends what features do by themselves. */
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
export async function openFeatures({ store, options, log }: FeatureParts): Promise<Features> {
  const access = new AccessFeature(store);
  const workers = createWorkersFeature({
    store,
    logger: log,
    ...(options.leaseDuration !== undefined && { leaseDuration: options.leaseDuration }),
    authenticate: (request) => workerOf(request, access),
    newToken() {
      const token = newToken();
      return { token, hash: tokenHash(token) };
    },
    tokensRevoked: (principalId) => access.forget(principalId),
  });
  access.onRevoked((principalId) => workers.closeLinksOf(principalId));
  const analyser = new ScriptAnalyser(workers);
  const waiting = new WaitingAnalyses(store, analyser, (error) =>
    log.error("A draft that waits for its analysis could not be analysed; it will be tried again", { error }),
  );
  workers.start();
  let ended: Promise<void> | undefined;
  const endConnections = () => {
    ended ??= workers.stop();
    return ended;
  };
  return {
    access,
    runbooks: new RunbooksFeature(store, analyser),
    workers,
    endConnections,
    async close() {
      await endConnections();
      analyser.close();
      await waiting.close();
      await access.close();
    },
  };
}
