import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import type { AttemptRow, JobHistory, JobRow } from "./job-history.ts";
import { examineLeases, leaseInvariants } from "./lease-invariants.ts";
import { Outages } from "./outages.ts";

const lease = 6_000;
const workerId = "01234567-89ab-cdef-0123-456789abcdef";
const [death, open] = leaseInvariants;

/** Of one job with these attempts on the worker, in milliseconds since the start; it is open while its last attempt is. */
function historyOf(attempts: Pick<AttemptRow, "claimed_at" | "ended_at">[], clockAhead = 0): JobHistory {
  const worker_id = workerId.replaceAll("-", "");
  const ended_at = attempts.at(-1)?.ended_at ?? null;
  const job: JobRow = {
    ...{ id: "job", runbook_name: "once", attempt: attempts.length, worker_id, isolation: "job", ended_at },
    ...{ status: ended_at === null ? "Running" : "Failed", lost_attempts: 0, max_attempts: 3 },
    ...{ status_reason: "lost", exception: null, record_count: 0 },
  };
  const rows = attempts.map((of, index) => ({
    ...{ attempt: index + 1, worker_id, outcome: "Lost", last_number: 0 },
    claimed_at: of.claimed_at + clockAhead,
    ended_at: of.ended_at === null ? null : of.ended_at + clockAhead,
  }));
  return {
    ...{ jobs: [job], attemptsOf: () => rows, recordsOf: () => [], stepsOf: () => [] },
    ...{ workers: [], held: [], faults: [], now: 100_000, clockAhead },
  };
}

interface Times {
  outages: Outages;
  /** Goes on to this time. */
  at(time: number): void;
}

/** @returns what is broken */
function examined(services: number, tell: (times: Times) => void, history: JobHistory): string[] {
  mock.timers.enable({ apis: ["Date"], now: 0 });
  try {
    const outages = new Outages(services);
    tell({ outages, at: (time) => mock.timers.setTime(time) });
    const { violations } = examineLeases(history, outages, lease);
    return leaseInvariants.filter((name) => violations[name].length > 0);
  } finally {
    mock.timers.reset();
  }
}

const held = (ended_at: number | null) => historyOf([{ claimed_at: 500, ended_at }]);

describe("what a dead worker held", () => {
  const dies = ({ outages, at }: Times) => {
    at(1_000);
    const isBack = outages.workerSilent(workerId, true);
    at(2_000);
    isBack();
  };

  test("has ended within lease + 4 s of its death", () => {
    assert.deepEqual(examined(1, dies, held(11_000)), []);
    assert.deepEqual(examined(1, dies, held(11_001)), [death]);
    assert.deepEqual(examined(1, dies, held(null)), [death, open]);
  });

  test("is measured by this machine's clock, whatever the database's says", () => {
    const ahead = (ended_at: number) => historyOf([{ claimed_at: 500, ended_at }], 60_000);
    assert.deepEqual(examined(1, dies, ahead(11_000)), []);
    assert.deepEqual(examined(1, dies, ahead(11_001)), [death]);
  });

  test("ends later where no service reached the database for one whole lease", () => {
    const withKilledService = (times: Times) => {
      dies(times);
      times.at(5_000);
      times.outages.serviceGone(0);
      times.at(8_000);
      times.outages.serviceBack(0);
    };
    assert.deepEqual(examined(1, withKilledService, held(18_000)), []);
    assert.deepEqual(examined(1, withKilledService, held(18_001)), [death]);
    const withCutDatabase = (times: Times) => {
      dies(times);
      times.at(5_000);
      times.outages.databaseGone()();
    };
    assert.deepEqual(examined(2, withCutDatabase, held(15_000)), []);
    assert.deepEqual(examined(2, withCutDatabase, held(15_001)), [death]);
  });

  test("ends in time by another service, which needs a moment to lead where the leader dies too", () => {
    const withKilledLeader = (at: number) => (times: Times) => {
      dies(times);
      times.at(at);
      times.outages.serviceGone(0);
    };
    assert.deepEqual(examined(2, withKilledLeader(2_500), held(11_001)), [death]);
    assert.deepEqual(examined(2, withKilledLeader(6_000), held(14_000)), []);
    assert.deepEqual(examined(2, withKilledLeader(6_000), held(14_001)), [death]);
  });
});

describe("what a worker held that stood still", () => {
  const standsStill =
    (until: number) =>
    ({ outages, at }: Times) => {
      at(1_000);
      const isBack = outages.workerSilent(workerId, false);
      at(until);
      isBack();
    };

  test("is not open under its dead lease; where it goes on within the lease it keeps it", () => {
    assert.deepEqual(examined(1, standsStill(21_000), held(11_000)), []);
    assert.deepEqual(examined(1, standsStill(21_000), held(11_001)), [open]);
    assert.deepEqual(examined(1, standsStill(6_000), held(60_000)), []);
  });

  test("was not claimed for it when its lease was over", () => {
    const claimed = historyOf([{ claimed_at: 15_000, ended_at: 21_000 }]);
    assert.deepEqual(examined(1, standsStill(20_000), claimed), [open]);
  });
});
