import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RecordMessage } from "../../src/contract/host/host-messages.ts";
import type { StreamRecord } from "../../src/contract/stream.ts";
import { deepestValue, isTooDeep } from "../../src/contract/value-depth.ts";
import { localClock } from "../link/service-clock.ts";
import { Masker, maskText } from "../masking/masker.ts";
import { RecordPipeline } from "./record-pipeline.ts";

function open(options: { secrets?: string[]; outputLimit?: number; listener?: () => void } = {}) {
  const records: StreamRecord[] = [];
  const faults: unknown[] = [];
  const { secrets = [], outputLimit = 1024 ** 2 } = options;
  const pipeline = new RecordPipeline({
    masker: new Masker(secrets),
    clock: localClock,
    outputLimit,
    listener: (_, json) => {
      options.listener?.();
      records.push(JSON.parse(json) as StreamRecord);
    },
    batchOver: () => {},
    fault: (error) => faults.push(error),
  });
  const record = (changes: Partial<RecordMessage>): void =>
    pipeline.record({ type: "record", stream: "Output", time: Date.now(), text: "", ...changes });
  return { pipeline, records, faults, record };
}

function nested(levels: number): unknown {
  return JSON.parse(`${'{"a":['.repeat(levels / 2)}${"]}".repeat(levels / 2)}`);
}

describe("the records of an attempt", () => {
  for (const secrets of [[], ["hunter22"]]) {
    const which = secrets.length === 0 ? "without secrets" : "with secrets";

    it(`hold no value deeper than others can carry, and say that it was cut, ${which}`, () => {
      const { record, records } = open({ secrets });
      record({ value: nested(100_000) });
      record({ value: nested(deepestValue) });
      assert.deepEqual(
        records.map(({ value, cut }) => [isTooDeep(value), cut]),
        [
          [false, true],
          [false, undefined],
        ],
      );
    });
  }

  it("count towards the limit even when they are empty", () => {
    const { pipeline, record, records } = open({ outputLimit: 10_000 });
    for (let line = 0; line < 1_000; line++) record({});
    pipeline.stdout(Buffer.from("\n".repeat(1_000)));
    assert.ok(records.length < 200, `${records.length} records`);
    assert.match(records.at(-1)?.text ?? "", /The output was cut after 10000 bytes/);
  });

  it("have a time that is true, whatever the script says that it is", () => {
    const { record, records } = open();
    const before = Date.now();
    for (const time of [Infinity, -Infinity, 1e300, -1e300, 0, Date.now() + 1e9, Date.now() - 0.5]) record({ time });
    for (const { time } of records) {
      assert.ok(Number.isSafeInteger(time), String(time));
      assert.ok(time >= before - 3_600_000 && time <= Date.now(), String(time));
    }
  });

  it("that go on hold back the beginning of a secret, not for long, and show the rest of none", async () => {
    const { pipeline, record, records } = open({ secrets: ["hunter22"] });
    const said = (): string => records.map(({ text }) => text).join("");
    record({ text: "say hun", continued: true });
    assert.equal(said(), "say ");
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(said(), "say hun");
    record({ text: "gry, hunter", continued: true });
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.equal(said(), "say hungry, ");
    record({ text: "22 hunter", continued: true });
    assert.equal(said(), `say hungry, ${maskText} `);
    // Its host was killed before the line was over.
    pipeline.end();
    assert.equal(said(), `say hungry, ${maskText} hunter`);
    assert.equal(records.at(-1)?.continued, undefined);
  });

  it("that cannot be told by a timer are a fault of this attempt alone", async () => {
    const { pipeline, faults } = open({
      listener: () => {
        throw new Error("no room");
      },
    });
    pipeline.stdout(Buffer.from("an open line"));
    await new Promise((resolve) => setTimeout(resolve, 250));
    pipeline.end();
    assert.ok(faults.length > 0);
  });
});

describe("the end of an attempt", () => {
  it("keeps its form when a secret is a word of the protocol", () => {
    const { pipeline } = open({ secrets: ["Completed", "outcome", "ended", "message", "name", "hunter22"] });
    const ended = pipeline.maskEnd({
      type: "ended",
      outcome: "Completed",
      result: { message: "it Completed", deep: ["hunter22"] },
      exception: {
        name: "Error",
        message: "wrong: hunter22",
        stack: "at hunter22",
        cause: { name: "x", message: "ended" },
      },
      exitCode: 3,
    });
    assert.deepEqual(ended, {
      type: "ended",
      outcome: "Completed",
      result: { message: `it ${maskText}`, deep: [maskText] },
      exception: {
        name: "Error",
        message: `wrong: ${maskText}`,
        stack: `at ${maskText}`,
        cause: { name: "x", message: maskText },
      },
      exitCode: 3,
    });
  });

  it("is one that can be stored, whatever a script says in place of its host", () => {
    const { pipeline } = open({ secrets: ["hunter22"] });
    const end = (json: string) => pipeline.maskEnd(JSON.parse(`{"type":"ended","outcome":"Failed",${json}}`));
    const failed = { type: "ended", outcome: "Failed" };
    assert.deepEqual(end('"exception":null,"exitCode":1e999'), failed);
    assert.deepEqual(end('"exception":"text"'), failed);
    assert.deepEqual(end('"exception":{"name":{"toString":1},"message":[[]],"line":1e999}'), {
      ...failed,
      exception: { name: "", message: "" },
    });
    const cause = `${'{"cause":'.repeat(10_000)}{}${"}".repeat(10_000)}`;
    assert.ok(!isTooDeep(end(`"exception":${cause}`).exception));
  });

  it("shows no part of a secret where a text is cut", () => {
    const { pipeline } = open({ secrets: ["hunter22"] });
    const message = `${"x".repeat(64 * 1024 - 4)}hunter22`;
    const { exception } = pipeline.maskEnd({ type: "ended", outcome: "Failed", exception: { name: "Error", message } });
    assert.ok(!exception?.message.includes("hunt"));
  });
});
