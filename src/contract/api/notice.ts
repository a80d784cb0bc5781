/** What notices may be about. */
export const noticeEvents = [
  /** A job has ended as Failed. */
  "job-failed",
  /** A job was not started by its deadline. */
  "job-missed",
  /** A job has waited for its start longer than the rule says. */
  "job-start-late",
  /** A job runs longer than the rule says. */
  "job-running-long",
  /** A schedule missed times, or was refused a job. */
  "schedule-missed",
  /** A certificate ends soon, or has ended. */
  "certificate-expiring",
  /** A worker was silent for longer than its lease. */
  "worker-lost",
] as const;

export type NoticeEvent = (typeof noticeEvents)[number];

/** What a notice is about; a test is about nothing. */
export type NoticeSubject = NoticeEvent | "test";

/** Where the notices of a rule go. */
export type NoticeTarget =
  | {
      kind: "web-hook";
      /** Null where `secretUrl` names the address. */
      url: string | null;
      /** Name of a file of the installation's notice secrets that holds the address. */
      secretUrl: string | null;
      /** Whether plain HTTP is taken for an address that is not loopback. */
      allowHttp: boolean;
      /** Name of a file of the installation's notice secrets with which requests are signed. */
      signingSecret: string | null;
    }
  | { kind: "mail"; recipients: string[] };

export const noticeTargetKinds = ["web-hook", "mail"] as const satisfies readonly NoticeTarget["kind"][];

/** The settings of a notice rule that people change. */
export interface NoticeRuleSettings {
  enabled: boolean;
  events: NoticeEvent[];
  /** Only jobs of this runbook, by its id; null means of any. */
  runbookId: string | null;
  /** Only jobs and workers of this group. */
  group: string | null;
  /** Only jobs whose runbook has this tag when the notice is made. */
  tag: string | null;
  /** Milliseconds; of `job-start-late`. */
  startLateAfter: number | null;
  /** Milliseconds; of `job-running-long`. */
  runningLongAfter: number | null;
  /** Milliseconds in which there is one notice at most of one event of one runbook or worker; what comes meanwhile is told by the next one. */
  throttle: number;
  target: NoticeTarget;
}

/** A notice rule as the API shows it. The ETag of the resource is `"<revision>"`. */
export interface NoticeRuleResource extends NoticeRuleSettings {
  ruleId: string;
  name: string;
  /** Null for any, and where the runbook is gone: then no job fits. */
  runbookName: string | null;
  /** Deliveries that have failed since the last one that succeeded. */
  failures: number;
  createdAt: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}

/** A job as a notice tells of it: as it was when the notice was made. */
export interface NoticeJob {
  jobId: string;
  runbookId: string;
  runbookName: string;
  status: string;
  statusReason: string | null;
  /** Name and the beginning of the message. */
  exception: { name: string; message: string } | null;
  startedBy: string;
  group: string | null;
  workerName: string | null;
  acceptedAt: string;
  claimedAt: string | null;
  endedAt: string | null;
}

export interface NoticeWorker {
  workerId: string;
  name: string;
  group: string;
  /** Why it counts as lost. */
  reason: string | null;
}

export interface NoticeSchedule {
  linkId: string;
  scheduleName: string;
  runbookId: string;
  runbookName: string;
  /** The last of the times at which nothing was started. */
  dueAt: string;
  reason: string | null;
}

export interface NoticeCertificate {
  assetId: string;
  name: string;
  subject: string;
  /** When it ends, or has ended. */
  expiresAt: string;
}

/** What a notice tells. */
export interface NoticeFacts {
  job: NoticeJob | null;
  worker: NoticeWorker | null;
  schedule: NoticeSchedule | null;
  certificate: NoticeCertificate | null;
  /** Ids of further jobs to which the same happened, the newest ones. */
  otherJobs: string[];
}

export const noticeStatuses = ["waiting", "delivered", "given-up", "cancelled"] as const;
/**
 * `waiting`: for its delivery, or for the next attempt. `given-up`: attempts have failed for a day. `cancelled`: its rule was
 * removed or switched off before it was delivered.
 */
export type NoticeStatus = (typeof noticeStatuses)[number];

/** A notice as the API shows it. */
export interface NoticeResource {
  /** Also the id of the event that receivers get, the same with every attempt. */
  noticeId: string;
  ruleId: string;
  ruleName: string;
  event: NoticeSubject;
  /** One line for a person. */
  text: string;
  /** How often it happened since the notice before. */
  occurrences: number;
  facts: NoticeFacts;
  status: NoticeStatus;
  attempts: number;
  /** Why the last attempt failed. */
  reason: string | null;
  happenedAt: string;
  createdAt: string;
  nextAttemptAt: string | null;
  deliveredAt: string | null;
}

/** One attempt to deliver a notice. */
export interface NoticeDeliveryResource {
  attempt: number;
  startedAt: string;
  /** Null while it is under way, and for ever when the service ended in its middle. */
  endedAt: string | null;
  outcome: "delivered" | "failed" | null;
  /** HTTP status or SMTP reply code. */
  statusCode: number | null;
  /** What went wrong; of a mail that was taken, the server's answer. */
  detail: string | null;
}
