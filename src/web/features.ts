import { AccessFeature } from "../access/access-feature.ts";
import { AuditFeature } from "../access/audit/audit-feature.ts";
import { auditKey } from "../access/audit/audit-seals.ts";
import { readProviderFile } from "../access/open-id/provider-file.ts";
import { providerSecrets } from "../access/open-id/provider-secrets.ts";
import { nobody } from "../access/principal.ts";
import { RightsFeature } from "../access/rights-feature.ts";
import { RunbookGate } from "../access/runbook-gate.ts";
import { newToken, tokenHash } from "../access/token.ts";
import { assetSecrets } from "../assets/asset-secret.ts";
import { AssetsFeature } from "../assets/assets-feature.ts";
import { certificateExpiry } from "../assets/certificate-expiry.ts";
import type { RetentionOptions, ServerOptions } from "../contract/server-options.ts";
import { defaultAuditDays } from "../contract/server-options.ts";
import { CallersJobs } from "../jobs/callers-jobs.ts";
import { createJobsFeature } from "../jobs/create-jobs-feature.ts";
import { jobSecretsColumn } from "../jobs/given-secrets.ts";
import { jobStepsColumn } from "../jobs/job-journal.ts";
import type { JobsFeature } from "../jobs/jobs-feature.ts";
import type { RetentionSettings } from "../jobs/retention.ts";
import { RunbookBroker } from "../jobs/runbook-broker.ts";
import { jobParametersColumn } from "../jobs/sealed-parameters.ts";
import { CallersNotices } from "../notices/callers-notices.ts";
import { readMailSettings } from "../notices/mail-settings.ts";
import type { NoticesFeature } from "../notices/notices-feature.ts";
import { createNoticesFeature } from "../notices/notices-feature.ts";
import { RunbookFolders } from "../runbooks/runbook-folders.ts";
import type { RunbookListener } from "../runbooks/runbooks-feature.ts";
import { RunbooksFeature } from "../runbooks/runbooks-feature.ts";
import { ScriptAnalyser } from "../runbooks/script-analyser.ts";
import { WaitingAnalyses } from "../runbooks/waiting-analyses.ts";
import { linkParametersColumn } from "../schedules/link-secrets.ts";
import { SchedulesFeature } from "../schedules/schedules-feature.ts";
import type { Sealing } from "../sealing/sealing.ts";
import { ChangeFeed } from "../services/change-feed.ts";
import type { Leadership } from "../services/duty-leader.ts";
import { DutyLeader } from "../services/duty-leader.ts";
import type { Store } from "../store/store.ts";
import { CallersWorkers } from "../workers/callers-workers.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import { createWorkersFeature } from "../workers/workers-feature.ts";
import { EventStreams } from "./api/event-streams.ts";
import { assetNames } from "./asset-names.ts";
import type { Log } from "./logging.ts";
import { productVersion } from "./product-version.ts";
import type { ServiceMetrics } from "./service-metrics.ts";
import type { TransportGuard } from "./transport-guard.ts";
import { workerOf } from "./worker-links.ts";

/** Everything that the web service can do, one feature each. */
export interface Features {
  access: AccessFeature;
  audit: AuditFeature;
  sealing: Sealing;
  rights: RightsFeature;
  assets: AssetsFeature;
  runbooks: RunbooksFeature;
  folders: RunbookFolders;
  workers: WorkersFeature;
  jobs: JobsFeature;
  /** The same, with what callers may do. */
  callersJobs: CallersJobs;
  callersWorkers: CallersWorkers;
  callersNotices: CallersNotices;
  notices: NoticesFeature;
  schedules: SchedulesFeature;
  eventStreams: EventStreams;
  /** Whether this service does what one of several should do. */
  leadership: Leadership;
  /** Extends the leases of workers, then closes their links and all event streams: none would end by itself. */
  endConnections(): Promise<void>;
  /** Ends what features do by themselves. */
  close(): Promise<void>;
}

export interface FeatureParts {
  store: Store;
  sealing: Sealing;
  /** Names this service, as no other. */
  serviceName: string;
  options: ServerOptions;
  guard: TransportGuard;
  /** Told of each address from which a token came that is good for nothing, where no route is asked for. */
  tokenRefused: (address: string) => void;
  metrics: ServiceMetrics;
  log: Log;
}

/** Builds the features on top of an open store. */
export async function openFeatures({
  store,
  sealing,
  serviceName,
  options,
  guard,
  tokenRefused,
  metrics,
  log,
}: FeatureParts): Promise<Features> {
  const { signInProvidersFile } = options;
  const access = new AccessFeature(store, {
    ...(options.sessions !== undefined && { sessions: options.sessions }),
    sealer: sealing,
    providers: signInProvidersFile === undefined ? [] : await readProviderFile(signInProvidersFile),
  });
  const gate = new RunbookGate(store);
  const leader = new DutyLeader(store, serviceName, log);
  const audit = openAudit({ store, sealing, options, leadership: leader, log });
  const { mailSettingsFile, noticeSecretsDirectory } = options;
  const notices = createNoticesFeature({
    store,
    logger: log,
    leadership: leader,
    version: productVersion(),
    mail: mailSettingsFile === undefined ? null : await readMailSettings(mailSettingsFile),
    secretsFolder: noticeSecretsDirectory ?? null,
    delivered: (target, outcome) => metrics.noticeDeliveries.inc({ target, outcome }),
  });
  const workers = createWorkersFeature({
    store,
    logger: log,
    leaseDuration: options.leaseDuration ?? store.usualLease,
    ...(options.leaseDurations !== undefined && { leaseDurations: options.leaseDurations }),
    authenticate: (request) => workerOf(request, access, { guard, refused: tokenRefused }),
    newToken() {
      const token = newToken();
      return { token, hash: tokenHash(token) };
    },
    tokensRevoked: (principalId) => access.forget(principalId),
    version: productVersion(),
    leadership: leader,
  });
  const eventStreams = new EventStreams();
  access.onRevoked((principalId) => {
    workers.closeLinksOf(principalId);
    eventStreams.endOf(principalId);
  });
  access.onTokensRevoked((tokenIds) => {
    workers.closeLinksOfTokens(tokenIds);
    eventStreams.endOfTokens(tokenIds);
  });
  const assets = new AssetsFeature({ store, sealer: sealing, vaultFolder: options.vaultDirectory ?? null });
  const runAsOf = async (jobId: string) => {
    const runAs = (await store.read.jobStanding({ jobId }))?.runAs ?? null;
    return (runAs === null ? null : await access.principal(runAs)) ?? nobody;
  };
  const jobs = createJobsFeature({
    store,
    workers,
    assets: { source: assets, sealer: sealing },
    runAsOf,
    mayRunOf: async (jobId) => {
      const caller = await runAsOf(jobId);
      return (runbookId) => gate.permits(caller, "operate", runbookId);
    },
    logger: log,
    storageFolder: store.storageFolder,
    ...(options.lowDiskWatermark !== undefined && { lowStorage: options.lowDiskWatermark }),
    retention: retentionSettings(options.retention),
    ...(options.retention?.purgeInterval !== undefined && { purgeInterval: options.retention.purgeInterval }),
    leadership: leader,
    onInterest: () => changes.hurry(),
    observer: {
      jobAccepted: () => metrics.jobsAccepted.inc(),
      jobEnded: (status) => {
        metrics.jobsEnded.inc({ status });
        if (status === "Failed") {
          notices.wake();
        }
      },
      recordsStored: (count) => metrics.recordsStored.inc(count),
      firstRecord: (latency) => metrics.startLatency.observe(latency / 1000),
    },
  });
  const callersJobs = new CallersJobs(jobs, store, gate);
  jobs.answerRunbookRequests(
    new RunbookBroker({
      store,
      jobs,
      callers: callersJobs,
      runAsOf,
      callKey: sealing.deriveKey("calls of runbooks"),
      logger: log,
    }),
  );
  const schedules = new SchedulesFeature({
    store,
    logger: log,
    leadership: leader,
    jobs,
    principal: (principalId) => access.principal(principalId),
    sealer: sealing,
  });
  const analyser = new ScriptAnalyser(workers, { store });
  const waiting = new WaitingAnalyses(store, analyser, (error) =>
    log.error("A draft that waits for its analysis could not be analysed; it will be tried again", { error }),
  );
  observeJobs(metrics, jobs, workers);
  metrics.observe("runsmith_notices_waiting", "Notices that wait for their delivery.", () => notices.waiting());
  metrics.observe("runsmith_leader", "1 while this service does the background duties.", () => Number(leader.leads));
  const changes = new ChangeFeed({
    store,
    logger: log,
    interest: () => jobs.interest,
    take: ({ jobs: changed, revokedTokens }) => {
      if (revokedTokens.length > 0) {
        access.forgetTokens(new Set(revokedTokens));
      }
      jobs.changedElsewhere(changed);
    },
  });
  const certificates = certificateExpiry(store, { leadership: leader, logger: log, warned: () => notices.wake() });
  leader.start();
  sealing.addColumn(assetSecrets(store));
  sealing.addColumn(jobParametersColumn(store));
  sealing.addColumn(linkParametersColumn(store));
  sealing.addColumn(jobSecretsColumn(store));
  sealing.addColumn(jobStepsColumn(store));
  sealing.addColumn(providerSecrets(store));
  sealing.start(leader);
  audit.start();
  workers.start();
  jobs.start();
  notices.start();
  certificates.start();
  schedules.start();
  changes.start();
  let ended: Promise<void> | undefined;
  const endConnections = () => {
    eventStreams.close();
    ended ??= changes
      .stop()
      .then(() => schedules.stop())
      .then(() => jobs.stop())
      .then(() => workers.stop());
    return ended;
  };
  return {
    access,
    audit,
    sealing,
    rights: new RightsFeature({
      store,
      assets: assetNames(store),
      changed: (principalId) => access.forget(principalId),
    }),
    assets,
    runbooks: new RunbooksFeature(store, analyser, runbookListener(jobs, gate, log), options.defaultGrants),
    folders: new RunbookFolders({ store, foldersChanged: () => access.forgetAll() }),
    workers,
    jobs,
    callersJobs,
    callersWorkers: new CallersWorkers(workers),
    callersNotices: new CallersNotices(notices, gate),
    notices,
    schedules,
    eventStreams,
    leadership: leader,
    endConnections,
    async close() {
      await endConnections();
      await certificates.stop();
      await notices.stop();
      await audit.stop();
      await leader.stop();
      analyser.close();
      await waiting.close();
      await access.close();
    },
  };
}

/** From here on entries of the audit are stamped. */
function openAudit(parts: Pick<FeatureParts, "store" | "sealing" | "options" | "log"> & { leadership: Leadership }) {
  const { store, sealing, options, leadership, log } = parts;
  const key = auditKey(sealing.deriveKey("audit"));
  store.stampAudit(key);
  const { auditDays = defaultAuditDays } = options;
  const retention = auditDays === null ? null : auditDays * 86_400_000;
  return new AuditFeature({ store, key, leadership, logger: log, retention });
}

/** Jobs remember what they need of a runbook, and some wait for its rules. */
function runbookListener(jobs: JobsFeature, gate: RunbookGate, log: Log): RunbookListener {
  return {
    changed(runbookId) {
      jobs.forgetRunbook(runbookId);
      gate.forget(runbookId);
    },
    concurrencyChanged(runbookId) {
      jobs.releaseParkedJobs(runbookId).catch((error: unknown) => {
        // They are looked for now and then anyway.
        log.warn("Waiting jobs could not be released at once", { runbookId, error });
      });
    },
  };
}

function retentionSettings({ jobDays, maximumJobs }: RetentionOptions = {}): Partial<RetentionSettings> {
  return {
    ...(jobDays !== undefined && { maximumAge: jobDays === null ? null : jobDays * 86_400_000 }),
    ...(maximumJobs !== undefined && { maximumJobs }),
  };
}

function observeJobs(metrics: ServiceMetrics, jobs: JobsFeature, workers: WorkersFeature): void {
  metrics.observe("runsmith_jobs_running", "Attempts that workers of this service have.", () => jobs.runningAttempts);
  metrics.observe(
    "runsmith_workers_connected",
    "Workers connected to this service.",
    () => workers.allConnected().length,
  );
  metrics.observeEach("runsmith_jobs_queued", "Jobs waiting for a worker.", ["group", "host_kind"], async () =>
    queuedByGroup(await jobs.queueLengths()),
  );
  metrics.observeEach("runsmith_dispatch_held", "Operators' holds of dispatch.", ["scope", "name"], async () =>
    (await jobs.listDispatchHolds()).map(({ scope, name }) => ({ labels: { scope, name: name ?? "" }, value: 1 })),
  );
}

/** Several placements may name the same groups and workers, and differ in their tags. */
function queuedByGroup(queues: Awaited<ReturnType<JobsFeature["queueLengths"]>>) {
  const byLabels = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const { runOn, hostKind, jobs } of queues) {
    const group = runOn.map((target) => target.replace(/^group:/, "")).join(",");
    const key = `${hostKind} ${group}`;
    byLabels.set(key, {
      labels: { group, host_kind: hostKind },
      value: (byLabels.get(key)?.value ?? 0) + jobs,
    });
  }
  return [...byLabels.values()];
}
