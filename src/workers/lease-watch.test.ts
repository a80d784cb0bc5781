import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../store/store.ts";
import { LeaseWatch } from "./lease-watch.ts";

const lease = 200;

/** A watch over a store that only counts, with clocks that the test moves. */
function watch(test: { after(work: () => Promise<void>): void }) {
  const skew = { wall: 0, monotonic: 0, database: 0 };
  const state = { expired: 0, reached: 0, fails: false };
  const clock = {
    now: () => Date.now() + skew.wall,
    monotonic: () => performance.now() + skew.monotonic,
  };
  const nothing = { changedJobs: [], queued: [], overAttempts: [], stops: [], ended: [] };
  const reach = <T>(answer: T): Promise<T> => {
    if (state.fails) {
      return Promise.reject(new Error("no store"));
    }
    state.reached += 1;
    return Promise.resolve(answer);
  };
  const write = {
    renewLeases: () =>
      reach({ serviceTime: Date.now() + skew.monotonic + skew.database, renewed: [], longestLease: 0 }),
    expireLeases: () => {
      state.expired += state.fails ? 0 : 1;
      return reach({ lost: [], effects: nothing });
    },
  } as unknown as Store["write"];
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string) => warnings.push(message),
    error: () => undefined,
  };
  const leadership = { leads: true };
  const leases = new LeaseWatch({ store: { write }, logger, clock, leadership, lease, lost: () => undefined });
  leases.start();
  test.after(() => leases.stop());
  const settled = async () => {
    const before = state.reached;
    while (state.reached < before + 2) {
      await sleep(5);
    }
  };
  const judging = async () => {
    while (state.expired === 0) {
      await sleep(5);
    }
  };
  return { skew, state, warnings, leadership, settled, judging };
}

test("leases are judged after one whole lease of reaching the store, not before", async (t) => {
  const started = performance.now();
  const { judging } = watch(t);
  await judging();
  assert.ok(performance.now() - started >= lease);
});

for (const [clock, told] of [
  ["wall", /clock of this machine jumped/],
  ["database", /clock of the database jumped/],
] as const) {
  test(`a ${clock} clock that jumps begins that time anew`, async (t) => {
    for (const jump of [86_400_000, -86_400_000]) {
      const { skew, state, warnings, settled, judging } = watch(t);
      await judging();
      skew[clock] += jump;
      await settled();
      state.expired = 0;
      const jumped = performance.now();
      await judging();
      assert.ok(performance.now() - jumped >= lease / 4);
      assert.match(warnings[0] ?? "", told);
    }
  });
}

test("a service that stood still begins that time anew", async (t) => {
  const { skew, state, warnings, settled } = watch(t);
  while (state.expired === 0) {
    await sleep(5);
  }
  skew.monotonic += 10 * lease;
  skew.wall += 10 * lease;
  const before = state.expired;
  await settled();
  assert.ok(state.expired - before <= 1, "at most the look that was under way");
  assert.match(warnings[0] ?? "", /stood still/);
});

test("a store that was not reached begins that time anew", async (t) => {
  const { state, judging, settled } = watch(t);
  await judging();
  state.fails = true;
  await sleep(lease / 2);
  state.fails = false;
  state.expired = 0;
  await settled();
  assert.equal(state.expired, 0);
  await judging();
});

test("of several services only the one that leads takes leases back, and may do so at once when it begins to lead", async (t) => {
  const { state, leadership, settled, judging } = watch(t);
  leadership.leads = false;
  const started = performance.now();
  while (performance.now() - started < 2 * lease) {
    await settled();
  }
  assert.equal(state.expired, 0);
  leadership.leads = true;
  const reached = state.reached;
  await judging();
  // Not a lease later: it has reached the store all along. A look under way, then one that asks for the time and judges.
  assert.ok(state.reached - reached <= 3);
});
