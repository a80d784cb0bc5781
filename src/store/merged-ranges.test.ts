import assert from "node:assert/strict";
import { test } from "node:test";
import { MergedRanges } from "./merged-ranges.ts";

function row(number: number) {
  const job_id = Buffer.alloc(4);
  job_id.writeUInt32BE(number);
  return { job_id };
}

/** Ranges as an index would give them, and how much of it was read. */
function merge(ranges: readonly number[][], before: number) {
  const merged = new MergedRanges(ranges.length, row(before).job_id, { first: 4, largest: 16 });
  let portions = 0;
  let rows = 0;
  const next = () => {
    const wanted = merged.wanted();
    portions += wanted.length;
    merged.read(
      new Map(
        wanted.map(({ range, before, limit }) => {
          const found = (ranges[range] ?? []).filter((number) => Buffer.compare(row(number).job_id, before) < 0);
          const portion = found.sort((a, b) => b - a).slice(0, limit);
          rows += portion.length;
          return [range, portion.map(row)];
        }),
      ),
    );
    const found = merged.next();
    return found === undefined ? null : Buffer.from(found.job_id).readUInt32BE();
  };
  const all = (limit: number) => {
    const given: number[] = [];
    for (let number = next(); number !== null; number = given.length < limit ? next() : null) given.push(number);
    return given;
  };
  return { all, read: () => ({ portions, rows }) };
}

test("several ranges are given as one list, newest first, whole, however they lie to each other", () => {
  const ranges: number[][] = Array.from({ length: 37 }, () => []);
  let state = 12345;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let number = 0; number < 3_000; number += 1) {
    // Few ranges have most of it.
    ranges[random(random(37) + 1)]?.push(number);
  }
  assert.deepEqual(
    merge(ranges, 2_500).all(5_000),
    Array.from({ length: 2_500 }, (_, index) => 2_499 - index),
  );
  assert.deepEqual(merge([[], []], 10).all(5), []);
  assert.deepEqual(merge([[3, 1]], 10).all(5), [3, 1]);
});

test("a page of many ranges reads little of each", () => {
  const ranges = Array.from({ length: 1_000 }, (_, range) =>
    Array.from({ length: 100 }, (_, at) => at * 1_000 + range),
  );
  const page = merge(ranges, 100_000);
  assert.equal(page.all(100).length, 100);
  assert.deepEqual(page.read(), { portions: 1_000, rows: 2_000 });
  // All in one of them.
  const hot = merge([...ranges.map(() => []), Array.from({ length: 1_000 }, (_, at) => at)], 100_000);
  assert.equal(hot.all(100).length, 100);
  assert.ok(hot.read().portions < 1_020);
});
