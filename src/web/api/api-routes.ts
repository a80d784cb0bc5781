import type { Store } from "../../store/store.ts";
import type { Features } from "../features.ts";
import type { ServiceMetrics } from "../service-metrics.ts";
import { openApiDocument } from "./openapi.ts";
import type { Route } from "./route.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { bulkJobRoutes } from "./routes/bulk-job-routes.ts";
import { calendarRoutes } from "./routes/calendar-routes.ts";
import { certificateRoutes } from "./routes/certificate-routes.ts";
import { connectionRoutes } from "./routes/connection-routes.ts";
import { connectionTypeRoutes } from "./routes/connection-type-routes.ts";
import { credentialRoutes } from "./routes/credential-routes.ts";
import { dispatchRoutes } from "./routes/dispatch-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { folderRoutes } from "./routes/folder-routes.ts";
import { groupRoutes } from "./routes/group-routes.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { installationRoutes } from "./routes/installation-routes.ts";
import { jobRoutes } from "./routes/job-routes.ts";
import { jobStepRoutes } from "./routes/job-step-routes.ts";
import { masterKeyRoutes } from "./routes/master-key-routes.ts";
import { meRoutes } from "./routes/me-routes.ts";
import { metricsRoutes } from "./routes/metrics-routes.ts";
import { noticeRoutes } from "./routes/notice-routes.ts";
import { rightRoutes } from "./routes/right-routes.ts";
import { runbookRoutes } from "./routes/runbook-routes.ts";
import { scheduleRoutes } from "./routes/schedule-routes.ts";
import { servicePrincipalRoutes } from "./routes/service-principal-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { signInProviderRoutes } from "./routes/sign-in-provider-routes.ts";
import { signInRoutes } from "./routes/sign-in-routes.ts";
import { tokenRoutes } from "./routes/token-routes.ts";
import { userRoutes } from "./routes/user-routes.ts";
import { variableRoutes } from "./routes/variable-routes.ts";
import { vaultRoutes } from "./routes/vault-routes.ts";
import { workerGroupRoutes } from "./routes/worker-group-routes.ts";
import { workerRoutes } from "./routes/worker-routes.ts";

export interface ApiParts {
  features: Features;
  store: Pick<Store, "read" | "installationId" | "database">;
  metrics: ServiceMetrics;
  /** Runsmith's version. */
  version: string;
  /** Whether the server is on its way down. */
  isClosing: () => boolean;
}

/** The table of all routes. */
export function apiRoutes({ features, store, metrics, version, isClosing }: ApiParts): Route[] {
  const { installationId, database } = store;
  const facts = {
    installationId,
    version,
    database: database.kind,
    databaseVersion: database.version,
    durability: database.durability,
    schema: database.schema,
  };
  const isReady = async () => {
    if (isClosing()) {
      return false;
    }
    try {
      await store.read.installation();
      return true;
    } catch {
      return false;
    }
  };
  const routes: Route[] = [
    // Routes are tried in this order, so those that are called most come first.
    ...jobRoutes(features.callersJobs, features.eventStreams),
    ...jobStepRoutes(features.callersJobs),
    ...bulkJobRoutes(features.callersJobs),
    ...eventRoutes(features.callersJobs, features.eventStreams),
    ...healthRoutes({ isReady }),
    ...runbookRoutes(features.runbooks),
    ...noticeRoutes(features.notices, features.callersNotices),
    ...workerRoutes(features.workers, features.callersWorkers),
    ...workerGroupRoutes(features.callersWorkers),
    ...dispatchRoutes(features.callersJobs),
    ...scheduleRoutes(features.schedules),
    ...calendarRoutes(features.schedules.calendars),
    ...variableRoutes(features.assets),
    ...credentialRoutes(features.assets),
    ...connectionTypeRoutes(features.assets),
    ...connectionRoutes(features.assets),
    ...certificateRoutes(features.assets),
    ...vaultRoutes(features.assets),
    ...auditRoutes(features.audit),
    ...masterKeyRoutes(features.sealing),
    ...folderRoutes(features.folders),
    ...rightRoutes(features.rights),
    ...sessionRoutes(features.access),
    ...signInRoutes(features.access),
    ...signInProviderRoutes(features.access.providers),
    ...meRoutes(store, features.access.users),
    ...userRoutes(features.access.users),
    ...groupRoutes(features.access.groups),
    ...servicePrincipalRoutes(features.access.servicePrincipals),
    ...tokenRoutes(features.access.tokens),
    ...installationRoutes(facts, () => openApi),
    ...metricsRoutes(metrics),
  ];
  const openApi = openApiDocument(routes, version);
  return routes;
}
