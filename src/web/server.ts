import type { DeniedSummary } from "../access/denied-attempts.ts";
import { DeniedAttempts } from "../access/denied-attempts.ts";
import type { FirstStart, RunningServer } from "../contract/running-server.ts";
import type { ServerOptions } from "../contract/server-options.ts";
import { defaultListenAddress, defaultPort } from "../contract/server-options.ts";
import { actAs, serviceItself } from "../store/actor.ts";
import { giveIdleMemoryBack } from "../store/idle-memory.ts";
import { openStore } from "../store/open-store.ts";
import { adminTokenFile, writeAdminTokenFile } from "./admin-token-file.ts";
import { apiRoutes } from "./api/api-routes.ts";
import { RepeatedRequests } from "./api/idempotency.ts";
import { addressLimits, principalLimits, RequestLimits } from "./api/request-limits.ts";
import { application } from "./application.ts";
import { takeDatabaseUrl } from "./database-url.ts";
import { openFeatures } from "./features.ts";
import { keepHouse } from "./housekeeping.ts";
import { closeServer, httpServer, listen } from "./http-listener.ts";
import { checkListenAddress } from "./listen-address.ts";
import { serveLocalControl } from "./local-control.ts";
import { localWorkerToken } from "./local-worker.ts";
import { createLog } from "./logging.ts";
import { serveMetrics } from "./metrics-listener.ts";
import { openSealing } from "./open-sealing.ts";
import { productVersion } from "./product-version.ts";
import { announceRunningServer } from "./running-server-file.ts";
import { ServiceMetrics } from "./service-metrics.ts";
import { newServiceName } from "./service-name.ts";
import { tlsCertificate } from "./tls-certificate.ts";
import { TransportGuard } from "./transport-guard.ts";
import { acceptWorkerLinks } from "./worker-links.ts";

export { resetAdminToken } from "./reset-admin-token.ts";

/** Requests under way at a close get this long to end, in milliseconds. */
const closePatience = 10_000;

/**
 * Starts the web service: opens the store, then what is built on it, then the doors. When something fails on the way,
 * everything that stood already is taken down again.
 * @param tellFirstStart is told what was made as soon as it was: the start may fail after that, and the next one is no first one
 * @throws UserError for whatever the one who starts it can mend: port, address, TLS files, data folder, database
 */
export async function startServer(
  options: ServerOptions,
  tellFirstStart: (made: FirstStart) => void = () => undefined,
): Promise<RunningServer> {
  const { dataDirectory, port = defaultPort, listen: address = defaultListenAddress } = options;
  const guard = new TransportGuard(options.behindProxy ?? []);
  checkListenAddress(address, options.tls !== undefined || options.tlsCertificateFile !== undefined, guard.guards);
  const log = createLog({ format: options.log?.format ?? "text", level: options.log?.level ?? "info" });
  const version = productVersion();
  const metrics = new ServiceMetrics();

  // What is deferred is undone in the opposite order.
  const standing = new AsyncDisposableStack();
  try {
    const told = await takeDatabaseUrl(options);
    if (told.warning !== undefined) {
      log.warn(told.warning);
    }
    const store = await openStore({
      dataDirectory,
      ...(told.url !== undefined && { databaseUrl: told.url }),
      report: ({ level, message, detail }) => log[level](message, { detail }),
    });
    standing.defer(() => store.close());
    metrics.observeStore(() => store.statistics());
    const serviceName = newServiceName();
    const { sealing, masterKeyFile } = await openSealing({ store, options, service: serviceName, log });
    standing.defer(() => sealing.stop());
    const tokenRefused = (address: string) => denied.tokenRefused(address);
    const features = await openFeatures({ store, sealing, serviceName, options, guard, tokenRefused, metrics, log });
    standing.defer(() => features.close());
    standing.defer(keepHouse(store, features.leadership, log));

    const { access } = features;
    const newAdminToken = await access.createFirstAdministrator();
    if (newAdminToken !== null) {
      await writeAdminTokenFile(dataDirectory, newAdminToken);
    }
    const tokenFile = adminTokenFile(dataDirectory);
    if (newAdminToken !== null || sealing.madeKeyAt !== null) {
      tellFirstStart({ newAdminToken, adminTokenFile: tokenFile, madeMasterKeyAt: sealing.madeKeyAt });
    }
    const resetAdminToken = async () => {
      const token = await actAs({ ...serviceItself, address: "control socket" }, () =>
        access.resetAdministratorToken(),
      );
      await writeAdminTokenFile(dataDirectory, token);
      return token;
    };

    let isClosing = false;
    const routes = apiRoutes({ features, store, metrics, version, isClosing: () => isClosing });
    const repeatedRequests = new RepeatedRequests(store);
    const tls = await tlsCertificate(options);
    let toldLast: Promise<void> = Promise.resolve();
    const denied = new DeniedAttempts((summary) => {
      log.warn("Requests were denied", deniedForLog(summary));
      toldLast = features.audit.noteDenied(summary.attempts);
    });
    standing.defer(() => {
      denied.close();
      return toldLast;
    });
    const requestKey = sealing.deriveKey("repeatable requests");
    const { requestLimit = principalLimits.perMinute } = options;
    const limits = {
      principals: new RequestLimits({ ...principalLimits, perMinute: requestLimit }),
      addresses: new RequestLimits(addressLimits),
    };
    const app = application(routes, {
      authenticator: access,
      repeatedRequests,
      requestKey,
      guard,
      denied,
      limits,
      log,
    });
    const server = httpServer(app, tls);
    server.on("upgrade", acceptWorkerLinks(features.workers, guard));
    const url = await listen(server, port, address, tls !== null);
    standing.defer(() => closeServer(server, closePatience));
    standing.defer(() => features.endConnections());
    const metricsListener = options.metrics === undefined ? null : await serveMetrics(options.metrics, metrics);
    standing.defer(() => metricsListener?.close());
    standing.defer(await serveLocalControl(dataDirectory, resetAdminToken));

    const caFile = tls?.caFile ?? null;
    const runtimeDirectory = options.runtimeDirectory ?? process.env["XDG_RUNTIME_DIR"] ?? "/run";
    standing.defer(announceRunningServer({ url, tokenFile, ...(caFile !== null && { caFile }) }, runtimeDirectory));
    standing.defer(giveIdleMemoryBack());
    log.info("The server listens", { url, version, database: store.database, dataDirectory });
    let closed: Promise<void> | undefined;
    return {
      url,
      metricsUrl: metricsListener?.url ?? null,
      newAdminToken,
      adminTokenFile: tokenFile,
      caFile,
      masterKeyFile,
      failure: store.failure,
      localWorkerToken: (group) => localWorkerToken(features.workers, group, store.storageFolder === null),
      close() {
        isClosing = true;
        closed ??= standing.disposeAsync().then(() => log.info("The server is closed", { url }));
        return closed;
      },
    };
  } catch (error) {
    await standing.disposeAsync();
    throw error;
  }
}

/** Addresses in a line of the log; the audit has all that is told. */
const deniedLogged = 10;

function deniedForLog({ attempts, ...summary }: DeniedSummary) {
  return { ...summary, attempts: attempts.slice(0, deniedLogged) };
}
