import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AttemptRow, JobHistory, JobRow, RecordRow, StepRow } from "../../support/job-history.ts";
import type { MixName } from "./mix.ts";
import { examineMix, mixInvariants } from "./mix-invariants.ts";

interface Kept {
  runbook: MixName;
  isolation?: string;
  /** Claimed and ended. */
  attempts?: [number, number][];
  /** Texts by attempt; where they begin with `!`, they are warnings. */
  texts?: string[][];
  steps?: StepRow[];
}

/** @returns what is broken of these jobs */
function broken(...kept: Kept[]): string[] {
  const jobs = kept.map(
    ({ runbook, isolation = "runbook" }, index): JobRow => ({
      ...{ id: String(index), runbook_name: runbook, status: "Completed", attempt: 1, worker_id: null, isolation },
      ...{ lost_attempts: 0, max_attempts: 3, ended_at: 1, status_reason: null, exception: null, record_count: 0 },
    }),
  );
  const of = (jobId: string) => kept[Number(jobId)];
  const history: JobHistory = {
    jobs,
    attemptsOf: (jobId) =>
      (of(jobId)?.attempts ?? of(jobId)?.texts?.map(() => [0, 1]) ?? []).map(
        ([claimed_at = 0, ended_at = 0], index): AttemptRow => ({
          ...{ attempt: index + 1, worker_id: "worker", claimed_at, ended_at, outcome: "Completed", last_number: 0 },
        }),
      ),
    recordsOf: (jobId) =>
      (of(jobId)?.texts ?? []).flatMap((texts, attempt) =>
        texts.map(
          (text, index): RecordRow => ({
            ...{ attempt: attempt + 1, number: index + 1, stream: text.startsWith("!") ? 2 : 0 },
            text: text.replace("!", ""),
          }),
        ),
      ),
    stepsOf: (jobId) => of(jobId)?.steps ?? [],
    ...{ workers: [], held: [], faults: [], now: 0, clockAhead: 0 },
  };
  const { violations } = examineMix(history);
  return mixInvariants.filter((name) => violations[name].length > 0);
}

const [reuse, steps, limit, order] = mixInvariants;

describe("of the jobs of the storm it is seen", () => {
  test("that two were on a host at once, that one found something, and that one had no reused host", () => {
    const stay = (from: number, until: number | null, found = 0) => ({
      runbook: "reused" as const,
      texts: [[`host 1.5 from ${from} found ${found}`, ...(until === null ? [] : [`host 1.5 until ${until}`])]],
    });
    assert.deepEqual(broken(stay(20, null), stay(1, 20)), []);
    assert.deepEqual(broken(stay(19, null), stay(1, 20)), [reuse]);
    assert.deepEqual(broken(stay(1, null), stay(30, 40)), [reuse]);
    assert.deepEqual(broken(stay(1, 20, 1)), [reuse]);
    assert.deepEqual(broken({ ...stay(1, 20), isolation: "job" }), [reuse]);
  });

  test("that a stored step was done again, or not told, or is missing", () => {
    const [one, two] = ["does step 1 of 2", "does step 2 of 2"];
    const stored = (...attempts: number[]) =>
      attempts.map((attempt, index) => ({ attempt, name: `step ${index + 1}` }));
    const durable = (texts: string[][], rows: StepRow[]) => broken({ runbook: "durable", texts, steps: rows });
    assert.deepEqual(durable([[one, two]], stored(1, 1)), []);
    assert.deepEqual(durable([[one, two], [two]], stored(1, 2)), []);
    assert.deepEqual(durable([[one], [one, two]], stored(1, 2)), [steps]);
    assert.deepEqual(durable([[two]], stored(1, 1)), [steps]);
    assert.deepEqual(durable([[one, two]], stored(1)), [steps]);
  });

  test("that more ran at once than may", () => {
    const limited = (...attempts: [number, number][]) =>
      attempts.map((attempt): Kept => ({ runbook: "limited", attempts: [attempt] }));
    assert.deepEqual(broken(...limited([0, 9], [0, 5], [0, 7], [5, 9])), []);
    assert.deepEqual(broken(...limited([0, 9], [0, 6], [0, 7], [5, 9])), [limit]);
  });

  test("that an output of PowerShell came before the warning before it", () => {
    const written = (...texts: string[]) => broken({ runbook: "power-shell", texts: [texts] });
    assert.deepEqual(written("!before line 1", "line 1 of 2", "!before line 2", "line 2 of 2"), []);
    assert.deepEqual(written("!before line 1", "!before line 2", "line 1 of 2", "line 2 of 2"), [order]);
  });
});
