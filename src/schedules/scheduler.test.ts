import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import type { StoredScheduleLink } from "../store/operations/schedules.ts";
import { ScheduleWorld } from "./testing/schedule-world.ts";

const begin = "2026-03-01T00:00:00Z";
const minute = 60_000;
const started = (...due: string[]) => due.map((time) => ({ due: time, outcome: "started" }));
const missed = (...due: string[]) => due.map((time) => ({ due: time, outcome: "missed" }));

describe("a schedule", () => {
  test("starts its runbook at each of its times, once, at that time", async () => {
    const world = new ScheduleWorld(begin);
    const { link, schedule } = await world.addLink();
    await world.run(world.scheduler(), "2026-03-01T03:30:00Z");
    assert.deepEqual(await world.told(link), started("03-01T01:00", "03-01T02:00", "03-01T03:00"));
    assert.equal(world.jobsOf(schedule).length, 3);
  });

  test("has one job for each time with two services that fire at once, and after each crash", async () => {
    const world = new ScheduleWorld(begin);
    const { link, schedule } = await world.addLink({ recurrence: { kind: "minutes", every: 1 } });
    let schedulers = [world.scheduler(), world.scheduler()];
    for (let turn = 0; turn < 60; turn += 1) {
      world.time += minute / 2;
      await Promise.all(schedulers.map((scheduler) => scheduler.look()));
      if (turn % 7 === 3) {
        schedulers = [world.scheduler(), ...schedulers.slice(1)];
      }
    }
    assert.equal(world.jobsOf(schedule).length, 30);
    assert.equal(new Set(world.jobsOf(schedule)).size, 30);
    assert.ok((await world.told(link)).every(({ outcome }) => outcome === "started"));
  });

  test("that was changed, disabled or removed starts nothing by what was known of it before", async () => {
    const world = new ScheduleWorld(begin);
    const scheduler = world.scheduler();
    const { link, schedule } = await world.addLink();
    await scheduler.look();
    const { links: _links, calendarNames: _names, ...settings } = schedule;
    const changed = await world.store.changeSchedule({
      ...settings,
      recurrence: { kind: "days", every: 1, at: ["01:30"] },
      changedBy: "bob",
      expectedRevision: 1,
      afresh: true,
    });
    await world.run(scheduler, "2026-03-01T02:00:00Z");
    assert.deepEqual(await world.told(link), started("03-01T01:30"));
    await world.store.changeSchedule({
      ...settings,
      enabled: false,
      changedBy: "bob",
      expectedRevision: changed.revision,
      afresh: false,
    });
    await world.run(scheduler, "2026-03-04T02:00:00Z");
    await world.store.removeSchedule({ schedule: schedule.scheduleId });
    await world.run(scheduler, "2026-03-05T02:00:00Z");
    assert.deepEqual(await world.told(link), started("03-01T01:30"));
  });

  test("is not due from its expiry on, and a link that is enabled late has missed nothing", async () => {
    const world = new ScheduleWorld(begin);
    const scheduler = world.scheduler();
    const { link } = await world.addLink({ expiresAt: Date.parse("2026-03-01T06:00:00Z") });
    const change = {
      linkId: link.linkId,
      parameters: {},
      secretNames: [],
      parametersVersion: 1,
      priority: null,
      creatorId: null,
      changedBy: "bob",
    };
    await world.store.changeScheduleLink({ ...change, enabled: false, expectedRevision: 1 });
    await world.run(scheduler, "2026-03-01T03:30:00Z");
    await world.store.changeScheduleLink({ ...change, enabled: true, expectedRevision: 2 });
    await world.run(scheduler, "2026-03-02T00:00:00Z");
    assert.deepEqual(await world.told(link), started("03-01T04:00", "03-01T05:00"));
  });

  test("starts up to its jitter later, each time by an amount of its own that stays the same", async () => {
    const world = new ScheduleWorld(begin);
    const { link } = await world.addLink({ jitter: 30 * minute });
    await world.run(world.scheduler(), "2026-03-02T00:00:00Z");
    const times = await world.store.decidedTimes({ linkId: link.linkId, after: 0, until: Number.MAX_SAFE_INTEGER });
    const delays = times.map(({ decidedAt, dueAt }) => decidedAt - dueAt);
    assert.equal(delays.length, 23);
    assert.ok(delays.every((delay) => delay >= 0 && delay < 30 * minute));
    assert.ok(new Set(delays).size > 15);
  });
});

describe("a time at which nothing could be started", () => {
  const outage = async (misfire: Parameters<ScheduleWorld["addLink"]>[0]) => {
    const world = new ScheduleWorld(begin);
    const { link } = await world.addLink(misfire);
    await world.run(world.scheduler(), "2026-03-01T01:30:00Z");
    world.timeIs("2026-03-01T05:30:00Z");
    await world.run(world.scheduler(), "2026-03-01T06:30:00Z");
    return (await world.told(link)).slice(1, -1);
  };

  test("is left out with the rule skip", async () => {
    const told = await outage({ misfire: { rule: "skip" } });
    assert.deepEqual(told, missed("03-01T02:00", "03-01T03:00", "03-01T04:00", "03-01T05:00"));
  });

  test("is made up for by the latest one with the rule run-once", async () => {
    const told = await outage({ misfire: { rule: "run-once" } });
    assert.deepEqual(told, [...missed("03-01T02:00", "03-01T03:00", "03-01T04:00"), ...started("03-01T05:00")]);
  });

  test("is made up for by so many of the latest ones with the rule run-all", async () => {
    const told = await outage({ misfire: { rule: "run-all", most: 3 } });
    assert.deepEqual(told, [...missed("03-01T02:00"), ...started("03-01T03:00", "03-01T04:00", "03-01T05:00")]);
  });

  test("counts as missed only when it is later than the schedule allows", async () => {
    const told = await outage({ misfire: { rule: "skip" }, missedAfter: 2 * 60 * minute });
    assert.deepEqual(told, [...missed("03-01T02:00", "03-01T03:00"), ...started("03-01T04:00", "03-01T05:00")]);
  });

  test("is told with very many others in one, after an outage of years, and the latest one by one", async () => {
    const world = new ScheduleWorld(begin);
    const { link } = await world.addLink({ recurrence: { kind: "minutes", every: 1 } });
    world.timeIs("2028-03-01T00:00:30Z");
    await world.scheduler().look();
    const told = await world.told(link);
    assert.equal(told[0]?.due, "03-01T00:01…02-29T22:18");
    assert.equal(told.length, 103);
    assert.deepEqual(told.slice(-2), started("02-29T23:59", "03-01T00:00"));
  });

  test("is tried again while what hinders it may go away, then counts as missed, with the reason", async () => {
    const world = new ScheduleWorld(begin);
    const scheduler = world.scheduler();
    const { link } = await world.addLink({ misfire: { rule: "skip" } });
    await scheduler.look();
    world.failure = new UserError("storage-low", "The disk is full.", { status: 507 });
    world.timeIs("2026-03-01T01:00:00Z");
    assert.equal(await scheduler.look(), 1_000, "not at once again");
    assert.deepEqual(await world.told(link), []);
    world.failure = null;
    world.time += 5_000;
    await scheduler.look();
    assert.deepEqual(await world.told(link), started("03-01T01:00"));
    world.failure = new Error("the database is away");
    world.timeIs("2026-03-01T02:00:00Z");
    await scheduler.look();
    world.timeIs("2026-03-01T02:01:01Z");
    await scheduler.look();
    const [time] = (await world.store.scheduledTimes({ linkId: link.linkId, limit: 1 })).items;
    assert.deepEqual([time?.outcome, time?.reason], ["missed", "Error: the database is away"]);
  });

  test("is refused with the reason where the runbook may not start, and the schedule goes on", async () => {
    const world = new ScheduleWorld(begin);
    const scheduler = world.scheduler();
    const { link, runbook } = await world.addLink();
    await world.run(scheduler, "2026-03-01T01:30:00Z");
    await world.database.changeRunbook({ enabled: false }, runbook.runbookId);
    await world.run(scheduler, "2026-03-01T02:30:00Z");
    await world.database.changeRunbook({ enabled: true }, runbook.runbookId);
    await world.run(scheduler, "2026-03-01T03:30:00Z");
    const { items } = await world.store.scheduledTimes({ linkId: link.linkId, limit: 9 });
    assert.deepEqual(
      items.map(({ outcome, reason }) => [outcome, reason]),
      [
        ["started", null],
        ["refused", "The runbook is disabled."],
        ["started", null],
      ],
    );
  });
});

describe("a clock", () => {
  test("that goes back starts no time a second time, and the times to come as usual", async () => {
    const world = new ScheduleWorld(begin);
    const scheduler = world.scheduler();
    const { link, schedule } = await world.addLink();
    await world.run(scheduler, "2026-03-01T04:30:00Z");
    world.timeIs("2026-03-01T01:30:00Z");
    await world.run(scheduler, "2026-03-01T06:30:00Z");
    assert.equal(world.jobsOf(schedule).length, 6);
    assert.ok((await world.told(link)).every(({ outcome }) => outcome === "started"));
  });

  test("that was far ahead for a while leaves no gap, with or without a restart", async () => {
    for (const restart of [false, true]) {
      const world = new ScheduleWorld(begin);
      let scheduler = world.scheduler();
      const { link } = await world.addLink();
      await world.run(scheduler, "2026-03-01T01:30:00Z");
      world.timeIs("2026-03-09T00:30:00Z");
      await scheduler.look();
      world.timeIs("2026-03-01T01:40:00Z");
      scheduler = restart ? world.scheduler() : scheduler;
      await world.run(scheduler, "2026-03-01T04:30:00Z");
      const told = await world.told(link);
      const now = told.filter(({ due }) => due < "03-01T05");
      assert.deepEqual(now, started("03-01T01:00", "03-01T02:00", "03-01T03:00", "03-01T04:00"), `restart ${restart}`);
    }
  });
});

describe("every time is accounted for, once,", () => {
  /** By due time: how often it was started, and how often told as missed, alone or with others. */
  const accounts = async (world: ScheduleWorld, link: StoredScheduleLink, until: string) => {
    const told = await world.store.decidedTimes({ linkId: link.linkId, after: 0, until: Number.MAX_SAFE_INTEGER });
    const of = new Map<string, { started: number; missed: number }>();
    for (let due = Date.parse(begin) + 60 * minute; due <= Date.parse(until); due += 60 * minute) {
      of.set(new Date(due).toISOString(), {
        started: told.filter(({ dueAt, outcome }) => dueAt === due && outcome === "started").length,
        missed: told.filter(
          ({ dueAt, upTo, outcome }) => outcome === "missed" && dueAt <= due && (upTo ?? dueAt) >= due,
        ).length,
      });
    }
    return [...of.values()];
  };
  const end = "2026-04-01T00:00:00Z";

  for (const misfire of [{ rule: "skip" }, { rule: "run-once" }, { rule: "run-all", most: 3 }] as const) {
    test(`by an outage over the time that a clock was ahead for a while (${misfire.rule})`, async () => {
      const world = new ScheduleWorld(begin);
      const { link } = await world.addLink({ misfire });
      await world.run(world.scheduler(), "2026-03-01T01:30:00Z");
      world.timeIs("2026-03-21T00:30:00Z");
      await world.scheduler().look();
      world.timeIs("2026-03-01T01:40:00Z");
      await world.run(world.scheduler(), "2026-03-02T01:30:00Z");
      world.timeIs("2026-03-25T00:30:00Z");
      await world.run(world.scheduler(), end);
      const found = await accounts(world, link, end);
      assert.equal(found.filter(({ started, missed }) => started + missed !== 1).length, 0);
    });
  }

  test("by an outage after a clock that went back over what was started", async () => {
    const world = new ScheduleWorld(begin);
    const { link } = await world.addLink({ misfire: { rule: "skip" } });
    const scheduler = world.scheduler();
    await world.run(scheduler, "2026-03-02T00:30:00Z");
    world.timeIs("2026-03-01T20:30:00Z");
    await scheduler.look();
    world.timeIs("2026-03-20T00:30:00Z");
    await world.run(world.scheduler(), end);
    const found = await accounts(world, link, end);
    assert.equal(found.filter(({ started, missed }) => started + missed !== 1).length, 0);
  });

  test("by a clock that is right again in the midst of what it told as missed", async () => {
    const world = new ScheduleWorld(begin);
    const { link } = await world.addLink({ misfire: { rule: "skip" } });
    await world.run(world.scheduler(), "2026-03-01T01:30:00Z");
    world.timeIs("2026-03-28T00:30:00Z");
    await world.scheduler().look();
    world.timeIs("2026-03-11T01:40:00Z");
    await world.run(world.scheduler(), end);
    const found = await accounts(world, link, end);
    assert.equal(found.filter(({ started, missed }) => started + missed !== 1).length, 0);
    const [first] = await world.store.decidedTimes({
      linkId: link.linkId,
      after: 0,
      until: Date.parse("2026-03-01T02:00:00Z"),
    });
    assert.equal(first?.outcome, "started");
    assert.equal(found.filter(({ missed }) => missed === 1).length, 10 * 24);
  });
});

test("a service that does not lead starts nothing; one that leads from then on goes on where the other one was", async () => {
  const world = new ScheduleWorld(begin);
  const { link } = await world.addLink();
  const leaderships = [{ leads: true }, { leads: false }] as const;
  const [first, second] = leaderships.map((leadership) => world.scheduler(leadership));
  assert.ok(first !== undefined && second !== undefined);
  for (
    world.timeIs("2026-03-01T00:30:00Z");
    world.time < Date.parse("2026-03-01T04:00:00Z");
    world.time += 60 * minute
  ) {
    await second.look();
    assert.equal((await world.told(link)).length, 0);
  }
  world.timeIs("2026-03-01T01:00:30Z");
  await first.look();
  (leaderships[1] as { leads: boolean }).leads = true;
  await second.look();
  assert.deepEqual(await world.told(link), started("03-01T01:00"));
});
