import { createHash } from "node:crypto";
import type { JournalAnswer, JournalEntry, JournalItem } from "../contract/journal.ts";
import { longestStepKey } from "../contract/journal.ts";
import { UserError } from "../contract/user-error.ts";
import type { SealedColumn } from "../sealing/sealed-columns.ts";
import { rewrappedAtOnce } from "../sealing/sealed-columns.ts";
import type { SealedPlace } from "../sealing/sealed-place.ts";
import type { Sealer } from "../sealing/sealer.ts";
import type { StoredJobStep } from "../store/operations/job-steps.ts";
import type { AssignedAttempt } from "../store/operations/jobs.ts";
import type { NewJobStep } from "../store/operations/new-job-step.ts";
import { isUnfinished } from "../store/operations/new-job-step.ts";
import type { Store } from "../store/store.ts";
import { cameToNothing, lastFailedAttempt } from "./failed-calls.ts";

const table = "job_steps";
const column = "sealed";

/** The value is bound to its row; a checkpoint that replaces another is sealed anew in the same place. */
const version = 1;

/** What an attempt goes on from. */
export interface KeptState {
  journal: JournalEntry[];
  checkpoint: string | null;
}

/** A row with what is sealed in it. */
interface OpenedStep {
  row: StoredJobStep;
  entry: JournalEntry;
}

/** The journals of jobs, sealed at rest: what attempts want kept, and what further attempts go on from. */
export class JobJournal {
  readonly #store: Pick<Store, "read" | "write">;
  readonly #sealer: Sealer;

  constructor(store: Pick<Store, "read" | "write">, sealer: Sealer) {
    this.#store = store;
    this.#sealer = sealer;
  }

  /** Resolves when it is stored: only then may a script hear of it. `refused`: the attempt is not the current one. */
  async keep(
    { jobId, attempt, workerId }: AssignedAttempt,
    items: readonly JournalItem[],
  ): Promise<"stored" | "refused"> {
    const steps = items.map((item) => this.#toStep(jobId, item));
    return (await this.#store.write.addJobSteps({ jobId, attempt, workerId, steps })).outcome;
  }

  /**
   * What a further attempt of a job goes on from: everything that those before have kept. Where one of them has failed over a job that it has started,
   * that is to be started again.
   * @throws UserError `sealed-value-altered`, and what the keys are missing for
   */
  async of(jobId: string): Promise<KeptState> {
    const { opened, checkpoint } = this.#openAll(await this.#store.read.jobSteps({ jobId, all: true }));
    const starts = lastStarts(opened);
    const last = starts.length === 0 ? 0 : await lastFailedAttempt(this.#store, jobId);
    const again = await this.#failed(starts.filter(({ row }) => row.attempt <= last));
    if (again.size > 0) {
      const steps = [...again].map(({ row: { stepId, attempt } }) => ({ stepId, attempt }));
      await this.#store.write.reopenJobSteps({ steps });
    }
    const journal = opened.map((step) => (again.has(step) ? { ...step.entry, endedAt: null } : step.entry));
    return { journal: journal.filter(hasItsPlace), checkpoint };
  }

  /** Those of starts whose jobs came to nothing. */
  async #failed(starts: readonly OpenedStep[]): Promise<Set<OpenedStep>> {
    const failed = new Set<OpenedStep>();
    for (const step of starts) {
      const job = await this.#store.read.job({ jobId: step.entry.startedJob ?? "" });
      if (job !== null && cameToNothing(job)) {
        failed.add(step);
      }
    }
    return failed;
  }

  #openAll(rows: readonly StoredJobStep[]): { opened: OpenedStep[]; checkpoint: string | null } {
    const sent = new Map(rows.filter(({ kind }) => kind === "sent").map((row) => [row.stepId, row]));
    const opened: OpenedStep[] = [];
    let checkpoint: string | null = null;
    for (const row of rows) {
      if (row.kind === "checkpoint") {
        checkpoint = this.#open(row) as string;
      } else if (row.kind !== "sent") {
        const entry = this.#open(row) as JournalEntry;
        // What an event brought to another job, which this one goes on from, is in the entry.
        const answer = row.answerId === null && entry.answer !== undefined ? entry.answer : this.#answerOf(row, sent);
        opened.push({ row, entry: { ...entry, endedAt: row.endedAt, ...(answer === null ? {} : { answer }) } });
      }
    }
    return { opened, checkpoint };
  }

  /**
   * What a job that goes on from another has of it, sealed for it: all that is done, or what was done before a step.
   * @throws UserError `step-not-found`, `step-ambiguous` (409), and as `of` does
   */
  async copy({ from, to, before }: { from: string; to: string; before: string | null }): Promise<NewJobStep[]> {
    const rows = await this.#store.read.jobSteps({ jobId: from, all: true });
    const { opened, checkpoint } = this.#openAll(rows);
    const kept = rows.find(({ kind }) => kind === "checkpoint");
    const end = before === null ? opened.length : placeOfStep(before, opened, kept !== undefined);
    const redone = before === null ? undefined : opened[end]?.entry;
    const failed = await this.#failed(lastStarts(opened));
    const steps: NewJobStep[] = [];
    for (const step of opened.slice(0, end)) {
      const { row, entry } = step;
      // What a step that is done again has done inside itself is done again, too.
      const isRedone = redone !== undefined && entry.branch.startsWith(`${redone.key}/`);
      if ((entry.endedAt === null && entry.startedJob === undefined) || isRedone) continue;
      const stepId = stepIdOf(to, entry.key);
      const endedAt = failed.has(step) ? null : row.endedAt;
      steps.push({ ...row, stepId, sequence: steps.length + 1, endedAt, sealed: this.#seal(stepId, entry) });
    }
    if (kept !== undefined && before === null) {
      const stepId = stepIdOf(to, null);
      steps.push({ ...kept, stepId, sequence: steps.length + 1, sealed: this.#seal(stepId, checkpoint) });
    }
    return steps;
  }

  /** An event's value for a job, ready to be stored. */
  sealEvent(stepId: string, value: unknown): Uint8Array {
    return this.#seal(stepId, value);
  }

  #answerOf(row: StoredJobStep, sent: ReadonlyMap<string, StoredJobStep>): JournalAnswer | null {
    const event = row.answerId === null ? undefined : sent.get(row.answerId);
    if (row.answer === null || event === undefined) {
      return row.answer;
    }
    return { ...row.answer, value: this.#open(event) };
  }

  #toStep(jobId: string, { sequence, entry, checkpoint, shown }: JournalItem): NewJobStep {
    const stepId = stepIdOf(jobId, entry?.key ?? null);
    const now = Date.now();
    return {
      stepId,
      sequence,
      kind: entry?.kind ?? "checkpoint",
      name: (shown?.name ?? "").slice(0, longestStepKey),
      branch: (entry?.branch ?? "").slice(0, longestStepKey),
      startedAt: Math.round(entry?.startedAt ?? now),
      endedAt: entry === undefined ? now : entry.endedAt === null ? null : Math.round(entry.endedAt),
      until: entry?.wait?.until === undefined ? null : Math.round(entry.wait.until),
      event: entry?.wait?.event?.slice(0, longestStepKey) ?? null,
      message: shown?.message ?? null,
      addressedTo: entry?.wait?.to ?? null,
      result: shown?.result === undefined ? null : JSON.stringify(shown.result),
      sealed: this.#seal(stepId, entry ?? checkpoint ?? null),
    };
  }

  #seal(stepId: string, value: unknown): Uint8Array {
    return this.#sealer.seal(Buffer.from(JSON.stringify(value)), placeOf(stepId));
  }

  #open({ stepId, sealed }: StoredJobStep): unknown {
    const plain = this.#sealer.open(sealed ?? new Uint8Array(), placeOf(stepId));
    return JSON.parse(Buffer.from(plain).toString("utf8"));
  }
}

/** For the rotation of the master key. */
export function jobStepsColumn(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table,
    column,
    async page(after) {
      const stored = await store.read.sealedJobSteps({ after, limit: rewrappedAtOnce });
      const rows = stored.map(({ stepId, sealed }) => ({ rowId: stepId, version, sealed }));
      return { rows, next: rows.length < rewrappedAtOnce ? null : (rows.at(-1)?.rowId ?? null) };
    },
    rewrap: (rows) =>
      store.write.rewrapJobSteps({
        rows: rows.map(({ rowId, sealed, former }) => ({ stepId: rowId, sealed, former })),
      }),
  };
}

/** @param key null for the job's checkpoint */
export function stepIdOf(jobId: string, key: string | null): string {
  const digest = createHash("sha256").update(key === null ? jobId : `${jobId}\0${key}`);
  return digest.digest("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** Whether it has to come at its place again; a step that was only begun need not. */
function hasItsPlace({ kind, endedAt, startedJob }: JournalEntry): boolean {
  return kind !== "step" || endedAt !== null || startedJob !== undefined;
}

/**
 * Steps that have started jobs, and behind which the script did nothing but start others: if it failed, it was there. The step around such a
 * one failed with it.
 */
function lastStarts(opened: readonly OpenedStep[]): OpenedStep[] {
  return opened.filter(({ entry: { startedJob, endedAt, branch } }, index) => {
    const isBehind = ({ row, entry }: OpenedStep) =>
      entry.startedJob === undefined &&
      !(isUnfinished(row) && branch.startsWith(`${entry.key}/`)) &&
      (entry.branch.startsWith(branch) || branch.startsWith(entry.branch));
    return startedJob !== undefined && endedAt !== null && !opened.slice(index + 1).some(isBehind);
  });
}

/** Names, and ids, of steps that an error tells. */
const mostTold = 20;

/** @throws UserError `step-not-found`, `step-ambiguous` (409) */
function placeOfStep(step: string, all: readonly OpenedStep[], hasCheckpoint: boolean): number {
  const found = all.filter(({ row: { stepId, name } }) => stepId === step.toLowerCase() || name === step);
  const [first] = found;
  if (first === undefined) {
    throw new UserError("step-not-found", `The job has come to no step "${step}".`, {
      status: 409,
      remedy: remedyOfUnknown([...new Set(all.map(({ row }) => row.name))], hasCheckpoint),
    });
  }
  if (found.length > 1) {
    const ids = found.map(({ row }) => {
      const marks = [row.branch, isUnfinished(row) ? "not done" : ""].filter((mark) => mark !== "");
      return marks.length === 0 ? row.stepId : `${row.stepId} (${marks.join(", ")})`;
    });
    throw new UserError("step-ambiguous", `The job has come to ${found.length} steps of the name "${step}".`, {
      status: 409,
      remedy: `Name one by its id: ${told(ids)}.`,
    });
  }
  return all.indexOf(first);
}

function remedyOfUnknown(names: readonly string[], hasCheckpoint: boolean): string {
  if (hasCheckpoint) return "It is a workflow, which has no steps: leave --from out to go on from its last checkpoint.";
  if (names.length === 0) return "It has no steps at all: leave --from out to begin anew.";
  const quoted = told(names.map((name) => JSON.stringify(name)));
  return `Leave --from out to go on at the first step that was not done; or name one of ${quoted}.`;
}

function told(all: readonly string[]): string {
  const more = all.length > mostTold ? `, and ${all.length - mostTold} more` : "";
  return `${all.slice(0, mostTold).join(", ")}${more}`;
}

function placeOf(stepId: string): SealedPlace {
  return { table, column, rowId: stepId, version };
}
