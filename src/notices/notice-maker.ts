import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { NoticeCertificate, NoticeEvent, NoticeFacts, NoticeJob, NoticeSchedule } from "../contract/api/notice.ts";
import { newId } from "../store/new-id.ts";
import type {
  CertificateToNotice,
  JobToNotice,
  LateJobs,
  NewestNotice,
  NewNotice,
  NoticeGroup,
  ScheduleToNotice,
  StoredNoticeEvent,
  StoredNoticeRule,
} from "../store/operations/notices.ts";
import type { Store } from "../store/store.ts";

/** Events, or late jobs, of one transaction. */
const atOnce = 200;

/** Further jobs that a notice names, and characters of an exception's message that it tells. */
const mostOtherJobs = 20;
const longestMessage = 1_000;

/** Something that a rule may tell of. */
interface Happening {
  event: NoticeEvent;
  happenedAt: number;
  job: JobToNotice | null;
  worker: { workerId: string; name: string; group: string; reason: string | null } | null;
  schedule: ScheduleToNotice | null;
  certificate: (CertificateToNotice & { assetId: string }) | null;
}

/**
 * Makes notices of what has happened, for each rule that it concerns. Of one event of one runbook (or worker) a rule gets one notice
 * within its throttle; what comes meanwhile is added to the next one, which waits until the throttle is over.
 */
export class NoticeMaker {
  readonly #store: Pick<Store, "read" | "write">;

  constructor(store: Pick<Store, "read" | "write">) {
    this.#store = store;
  }

  /** Makes notices of all events that are stored. */
  async tellEvents(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const events = await this.#store.read.noticeEvents({ limit: atOnce });
      if (events.length === 0) {
        return;
      }
      const rules = await this.#rules();
      const happenings = events.map(happeningOf).filter((happening) => happening !== null);
      const notices = await this.#notices(rules.map((rule) => ({ rule, happenings: happenings.filter(fits(rule)) })));
      const done = await this.#store.write.makeNotices({ events: events.map(keyOf), notices });
      if (!done) {
        // Another service works on them.
        return;
      }
    }
  }

  /** Makes notices of jobs that are late by now. */
  async tellLateJobs(isStopped: () => boolean): Promise<void> {
    for (const rule of await this.#rules()) {
      if (rule.startLateAfter !== null) {
        await this.#tellNotStarted(rule, rule.startLateAfter, isStopped);
      }
      if (rule.runningLongAfter !== null) {
        await this.#tellStillRunning(rule, rule.runningLongAfter);
      }
    }
  }

  async #tellNotStarted(rule: StoredNoticeRule, longerThan: number, isStopped: () => boolean): Promise<void> {
    const { ruleId } = rule;
    for (let after: string | null = null; !isStopped(); ) {
      const jobs: JobToNotice[] = await this.#store.read.jobsNotStarted({ ruleId, longerThan, after, limit: atOnce });
      const late = jobs.map((job) => ({ job, beganAt: job.acceptedAt }));
      if (!(await this.#tellLate(rule, "job-start-late", late, longerThan))) {
        return;
      }
      after = jobs.at(-1)?.jobId ?? null;
    }
  }

  async #tellStillRunning(rule: StoredNoticeRule, longerThan: number): Promise<void> {
    const jobs = await this.#store.read.jobsStillRunning({ ruleId: rule.ruleId, longerThan });
    const late = jobs.flatMap((job) => (job.claimedAt === null ? [] : [{ job, beganAt: job.claimedAt }]));
    await this.#tellLate(rule, "job-running-long", late, longerThan);
  }

  /** False when there are none, and when another service was first. */
  async #tellLate(
    rule: StoredNoticeRule,
    event: LateJobs["event"],
    late: { job: JobToNotice; beganAt: number }[],
    longerThan: number,
  ): Promise<boolean> {
    if (late.length === 0) {
      return false;
    }
    const happenings = late.map(({ job, beganAt }) => lateJob(event, job, beganAt + longerThan));
    const notices = await this.#notices([{ rule, happenings: happenings.filter(fits(rule)) }]);
    const jobs = late.map(({ job, beganAt }) => ({ jobId: job.jobId, beganAt }));
    return this.#store.write.makeNotices({ events: [], notices, late: { ruleId: rule.ruleId, event, jobs } });
  }

  /** The enabled ones. */
  async #rules(): Promise<StoredNoticeRule[]> {
    const rules: StoredNoticeRule[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = await this.#store.read.noticeRules({ limit: atOnce, ...(after !== undefined && { after }) });
      rules.push(...page.items.filter(({ enabled }) => enabled));
      after = page.next;
    }
    return rules;
  }

  async #notices(told: { rule: StoredNoticeRule; happenings: Happening[] }[]): Promise<NewNotice[]> {
    const bundles = told.flatMap(({ rule, happenings }) => bundled(rule, happenings));
    if (bundles.length === 0) {
      return [];
    }
    const newest = new Map<string, NewestNotice>();
    for (const notice of await this.#store.read.newestNotices({ groups: bundles.map(groupOf) })) {
      newest.set(nameOf(notice), notice);
    }
    const { now } = await this.#store.read.noticeWork();
    return bundles.map((bundle) => noticeOf(bundle, newest.get(nameOf(groupOf(bundle))), now));
  }
}

/** What one notice is to tell. */
interface Bundle {
  rule: StoredNoticeRule;
  event: NoticeEvent;
  aboutId: string;
  /** Oldest first; one at least. */
  happenings: [Happening, ...Happening[]];
}

/** A notice for each group; for each happening where nothing is throttled and the target can be reached. */
function bundled(rule: StoredNoticeRule, happenings: Happening[]): Bundle[] {
  const isSingle = rule.throttle === 0 && rule.failures === 0;
  const bundles: Bundle[] = [];
  const byName = new Map<string, Bundle>();
  for (const happening of happenings) {
    const { event } = happening;
    const { job, schedule, worker, certificate } = happening;
    const aboutId = job?.runbookId ?? schedule?.linkId ?? worker?.workerId ?? certificate?.assetId ?? rule.ruleId;
    const name = nameOf({ ruleId: rule.ruleId, event, aboutId });
    const bundle = isSingle ? undefined : byName.get(name);
    if (bundle === undefined) {
      const first: Bundle = { rule, event, aboutId, happenings: [happening] };
      byName.set(name, first);
      bundles.push(first);
    } else {
      bundle.happenings.push(happening);
    }
  }
  return bundles;
}

function noticeOf(bundle: Bundle, newest: NewestNotice | undefined, now: number): NewNotice {
  const { rule, happenings } = bundle;
  const [first, ...others] = happenings;
  const own: NoticeFacts = {
    job: first.job === null ? null : noticeJob(first.job),
    worker: first.worker,
    schedule: first.schedule === null ? null : noticeSchedule(first.schedule),
    certificate: first.certificate === null ? null : noticeCertificate(first.certificate),
    otherJobs: newestOf(others.flatMap(({ job }) => (job === null ? [] : [job.jobId]))),
  };
  // Where nothing is throttled only a target that fails makes notices wait for each other.
  const open = newest?.isOpen === true && (rule.throttle > 0 || rule.failures > 0) ? newest : undefined;
  const lastAt = newest === undefined ? null : Math.max(newest.createdAt, newest.deliveredAt ?? 0);
  return {
    ...groupOf(bundle),
    noticeId: newId(),
    ruleName: rule.name,
    happenedAt: first.happenedAt,
    occurrences: happenings.length,
    facts: open === undefined ? own : merged(open.facts, happenings),
    dueIn: lastAt === null ? 0 : Math.max(0, lastAt + rule.throttle - now),
    mergeInto: open?.noticeId ?? null,
  };
}

function merged(facts: NoticeFacts, happenings: Happening[]): NoticeFacts {
  const jobIds = happenings.flatMap(({ job }) => (job === null ? [] : [job.jobId]));
  return { ...facts, otherJobs: newestOf([...facts.otherJobs, ...jobIds]) };
}

function newestOf(jobIds: string[]): string[] {
  return [...new Set(jobIds)].slice(-mostOtherJobs);
}

/** Whether a rule tells of something. A missed job has failed, too. */
function fits(rule: StoredNoticeRule): (happening: Happening) => boolean {
  return ({ event, job, worker, schedule }) => {
    const isNamed = rule.events.includes(event) || (event === "job-missed" && rule.events.includes("job-failed"));
    const runbook = job ?? schedule;
    const group = job?.workerGroup ?? worker?.group ?? null;
    return (
      isNamed &&
      (rule.runbookId === null || rule.runbookId === runbook?.runbookId) &&
      (rule.tag === null || runbook?.tags.includes(rule.tag) === true) &&
      (rule.group === null || rule.group.toLowerCase() === group?.toLowerCase())
    );
  };
}

/** Null when all that is known is gone. */
function happeningOf({ event, subjectId, happenedAt, job, ...others }: StoredNoticeEvent): Happening | null {
  const { schedule } = others;
  const worker = others.worker === null ? null : { workerId: subjectId, ...others.worker };
  const certificate = others.certificate === null ? null : { assetId: subjectId, ...others.certificate };
  if (job === null && worker === null && schedule === null && certificate === null) {
    return null;
  }
  return { event, happenedAt, job, worker, schedule, certificate };
}

function lateJob(event: NoticeEvent, job: JobToNotice, happenedAt: number): Happening {
  return { event, happenedAt, job, worker: null, schedule: null, certificate: null };
}

function noticeJob(job: JobToNotice): NoticeJob {
  const { exception } = job;
  return {
    jobId: job.jobId,
    runbookId: job.runbookId,
    runbookName: job.runbookName,
    status: job.status,
    statusReason: job.statusReason,
    exception:
      exception === null ? null : { name: exception.name, message: exception.message.slice(0, longestMessage) },
    startedBy: job.startedBy,
    group: job.workerGroup,
    workerName: job.workerName,
    acceptedAt: isoTime(job.acceptedAt),
    claimedAt: isoTimeOrNull(job.claimedAt),
    endedAt: isoTimeOrNull(job.endedAt),
  };
}

function noticeCertificate({ expiresAt, ...certificate }: NonNullable<Happening["certificate"]>): NoticeCertificate {
  return { ...certificate, expiresAt: isoTime(expiresAt) };
}

function noticeSchedule({ tags: _tags, dueAt, ...schedule }: ScheduleToNotice): NoticeSchedule {
  return { ...schedule, dueAt: isoTime(dueAt) };
}

function groupOf({ rule, event, aboutId }: Bundle): NoticeGroup {
  return { ruleId: rule.ruleId, event, aboutId };
}

function nameOf({ ruleId, event, aboutId }: NoticeGroup): string {
  return `${ruleId} ${event} ${aboutId}`;
}

function keyOf({ event, subjectId, happenedAt }: StoredNoticeEvent) {
  return { event, subjectId, happenedAt };
}
