import type { JournalAnswer, JournalEntry, JournalKind, JournalWait } from "../../../../src/contract/journal.ts";
import { currentBranch, keyOfCall } from "./branch.ts";
import { describedError, revivedError } from "./caught-error.ts";
import { findApprovers } from "./find-approvers.ts";
import { hasEntry, keepCaught, keepEntry, takeEntry } from "./journal.ts";
import { signal } from "./signal.ts";
import { waitForNextAttempt } from "./suspension.ts";

/*
 * Waits that hold no process: the job is suspended, and runs again from its start, on any worker, when what it waits for has come. What is to
 * happen once belongs into steps.
 */

/** What was waited for did not come in time. */
export class WaitTimeout extends Error {
  override name = "WaitTimeout";
}

/** Who decided, how and why. */
export interface ApprovalAnswer {
  readonly approved: boolean;
  /** The name of who answered. */
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

/** Suspends the job until somebody resumes it. */
export async function suspend(reason = ""): Promise<void> {
  await wait("suspend", reason === "" ? "suspend" : reason, reason === "" ? {} : { message: reason });
}

/** Suspends the job until that time, were it in a year. A time that has passed is not waited for. */
export async function sleepUntil(date: Date | number | string): Promise<void> {
  const until = new Date(date).getTime();
  if (Number.isNaN(until)) throw new TypeError(`${String(date)} is no time.`);
  await wait("time", new Date(until).toISOString(), { until }, "sleepUntil", until <= Date.now());
}

/**
 * Suspends the job until somebody sends it the event of this name (`npx runsmith send-event`, or the API), and gives its value. An event that was sent
 * before it is waited for counts; each is given once, the oldest first. Rejects with a `WaitTimeout` after `timeout` milliseconds.
 *
 *     const { version } = await waitForEvent<{ version: string }>("built", { timeout: 3_600_000 });
 */
export async function waitForEvent<Value = unknown>(
  name: string,
  { timeout }: { timeout?: number } = {},
): Promise<Value> {
  const answer = await wait("event", name, { event: name, ...untilOf(timeout) }, name);
  if (answer.timedOut === true) throw new WaitTimeout(`The event "${name}" did not come in time.`);
  return answer.value as Value;
}

/**
 * Suspends the job until somebody has approved or rejected what `message` says (`npx runsmith approve`, `reject`, or the API): one of the users and groups
 * named by `to`, or whoever may operate the runbook. Rejects with a `RunbookError` where `to` names somebody who is not there (its code is
 * `approver-not-found`), and with a `WaitTimeout` after `timeout` milliseconds.
 *
 *     const { approved, by, reason } = await approval({ to: ["ops"], message: `Deploy ${version}?` });
 */
export async function approval(of: {
  message: string;
  to?: string | readonly string[];
  timeout?: number;
}): Promise<ApprovalAnswer> {
  const to = [of.to ?? []].flat();
  const detail = { message: of.message, ...(to.length === 0 ? {} : { to }), ...untilOf(of.timeout) };
  const answer = await wait("approval", of.message, detail);
  if (answer.timedOut === true) throw new WaitTimeout(`Nobody answered in time: ${of.message}`);
  const { approved = false, by = "", reason = "", at = 0 } = answer;
  return { approved, by, reason, at: new Date(at) };
}

/** @param isOver it need not be waited for, unless an earlier attempt has */
async function wait(
  kind: Exclude<JournalKind, "step">,
  name: string,
  detail: JournalWait,
  label: string = kind,
  isOver = false,
): Promise<JournalAnswer> {
  signal.throwIfAborted();
  const branch = currentBranch();
  if (branch.step !== null) {
    throw new Error(`The step "${branch.step}" waits: wait between steps, for a step is done as a whole or again.`);
  }
  const key = keyOfCall(branch, `${kind}:${encodeURIComponent(label)}`);
  if (isOver && !hasEntry(key)) return {};
  const known = takeEntry(branch, key, kind, name);
  if (known?.error !== undefined) throw revivedError(known.error);
  if (known !== undefined && known.endedAt !== null) return known.answer ?? {};
  if (known === undefined) {
    const entry: JournalEntry = {
      key,
      kind,
      name,
      branch: branch.path,
      startedAt: Date.now(),
      endedAt: null,
      wait: detail,
      ...(branch.running.size > 0 ? { beside: true } : {}),
    };
    try {
      if (detail.to !== undefined) await findApprovers(detail.to);
    } catch (error) {
      keepCaught({ ...entry, endedAt: Date.now(), error: describedError(error) });
      throw error;
    }
    await keepEntry(entry);
  }
  return await waitForNextAttempt();
}

function untilOf(timeout: number | undefined): { until?: number } {
  return timeout === undefined ? {} : { until: Date.now() + timeout };
}
