import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { RunMessage } from "../../../src/contract/host/host-messages.ts";
import type { JournalEntry } from "../../../src/contract/journal.ts";
import { prepareHosts } from "./testing/hosted-script.ts";

const { run, start } = await prepareHosts();
const folder = await mkdtemp(path.join(tmpdir(), "runsmith-durable-"));
after(() => rm(folder, { recursive: true }));

const threeSteps = `
  import { appendFileSync } from "node:fs";
  import { step } from "runsmith";
  export default async function ({ file }: { file: string }) {
    const results: number[] = [];
    for (const name of ["one", "two", "three"]) {
      console.log(\`before \${name}\`);
      results.push(await step(name, () => { appendFileSync(file, name + "\\n"); return results.length; }));
    }
    console.log("after");
    return results;
  }`;

test("a host that is killed after any step repeats none before it, and says nothing twice", async () => {
  const file = path.join(folder, "kills");
  const journal: JournalEntry[] = [];
  const texts: string[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    const hosted = start();
    hosted.killAfter = 1;
    hosted.run(threeSteps, { attempt, parameters: { file }, ...known(journal) });
    await hosted.over();
    assert.equal(hosted.exit?.signal, "SIGKILL");
    journal.push(...hosted.journal);
    texts.push(...hosted.texts());
  }
  const last = await run(threeSteps, { attempt: 4, parameters: { file }, ...known(journal) });
  texts.push(...last.texts());
  assert.equal(last.ended?.outcome, "Completed");
  assert.deepEqual(last.ended?.result, [0, 1, 2]);
  assert.equal(await readFile(file, "utf8"), "one\ntwo\nthree\n");
  assert.deepEqual(texts.slice(0, 4), ["before one", "before two", "before three", "after"]);
});

test("a renamed, a removed and a reordered step fail the job, with what was there before", async () => {
  const script = (...names: string[]) =>
    `import { step } from "runsmith";
     export default async function () { ${names.map((name) => `await step("${name}", () => 1);`).join(" ")} }`;
  const { journal } = await run(script("one", "two"));
  const failure = async (text: string) => (await run(text, { attempt: 2, journal })).ended?.exception;
  const renamed = await failure(script("one", "other", "three"));
  assert.equal(renamed?.name, "ReplayMismatch");
  assert.match(renamed?.message ?? "", /calls "other" where an earlier attempt called "two"/);
  assert.match((await failure(script("one")))?.message ?? "", /ended without the step "two"/);
  assert.match((await failure(script("two", "one")))?.message ?? "", /calls "two" before "one"/);
  assert.equal(await failure(script("one", "two", "three")), undefined);
});

test("a step is tried again as its retries say, each time with the same idempotency key, and fails by its timeout", async () => {
  const hosted = await run(`
    import { step, StepTimeout } from "runsmith";
    export default async function () {
      const keys: string[] = [];
      await step("flaky", ({ idempotencyKey, attempt }) => {
        keys.push(idempotencyKey);
        if (attempt < 3) throw new Error("not yet");
      }, { retries: 2, backoff: 1 });
      const slow = await step("slow", () => new Promise((resolve) => setTimeout(resolve, 60_000)), { timeout: 5 }).catch((error) => error);
      return [keys.length, new Set(keys).size, slow instanceof StepTimeout];
    }`);
  assert.deepEqual(hosted.ended?.result, [3, 1, true]);
});

test("a step that failed and was caught fails again in a further attempt, without being done again", async () => {
  const script = `
    import { step } from "runsmith";
    export default async function () {
      let said = "";
      try { await step("fails", () => { console.warn("done"); throw new RangeError("no"); }); } catch (error) { said = error.name + error.message; }
      await step("next", () => 1);
      return said;
    }`;
  const { journal } = await run(script);
  assert.deepEqual(
    journal.map(({ name }) => name),
    ["fails", "next"],
  );
  const again = await run(script, { attempt: 2, journal });
  assert.deepEqual([again.ended?.result, again.texts("Warning")], ["RangeErrorno", []]);
});

test("branches have their steps back by name, however far each of them was", async () => {
  const script = `
    import { parallel, step } from "runsmith";
    export default async function () {
      const branch = (name: string) => async () => {
        const first = await step("work", () => name + 1);
        const second = await step("work", () => name + 2);
        return [first, second];
      };
      return await parallel({ eu: branch("eu"), us: branch("us") });
    }`;
  const whole = await run(script);
  assert.deepEqual(whole.ended?.result, { eu: ["eu1", "eu2"], us: ["us1", "us2"] });
  const some = whole.journal.filter(({ branch, result }) => branch.includes("us") || result === "eu1");
  const again = await run(script, { attempt: 2, journal: some });
  assert.deepEqual(again.ended?.result, whole.ended?.result);
  assert.deepEqual(
    again.journal.map(({ result }) => result),
    ["eu2"],
  );
});

test("a wait suspends the job when its branches all wait, and is answered in the next attempt", async () => {
  const script = `
    import { parallel, step, waitForEvent, approval, sleepUntil } from "runsmith";
    export default async function () {
      await step("before", () => 1);
      const { go, late } = await parallel({
        go: () => waitForEvent<string>("go"),
        late: async () => { await step("beside", () => 1); return await waitForEvent("late", { timeout: 1 }).catch((error) => error.name); },
      });
      const { approved, by } = await approval({ message: "Deploy?", to: "ops" });
      await sleepUntil(0);
      return [go, late, approved, by];
    }`;
  const first = await run(script);
  assert.equal(first.ended?.outcome, "Suspended");
  assert.deepEqual(first.journal.map(({ name, kind }) => `${kind} ${name}`).sort(), [
    "event go",
    "event late",
    "step before",
    "step beside",
  ]);
  const answered = first.journal.map((entry) =>
    entry.kind !== "event"
      ? entry
      : { ...entry, endedAt: 1, answer: entry.name === "go" ? { value: "now" } : { timedOut: true } },
  );
  const second = await run(script, { attempt: 2, journal: answered });
  assert.equal(second.ended?.outcome, "Suspended");
  const [asked] = second.journal;
  assert.deepEqual(asked?.wait, { message: "Deploy?", to: ["ops"] });
  assert.ok(asked !== undefined);
  const third = await run(script, {
    attempt: 3,
    journal: [...answered, { ...asked, endedAt: 1, answer: { approved: true, by: "ann" } }],
  });
  assert.deepEqual(third.ended?.result, ["now", "WaitTimeout", true, "ann"]);
});

test("a job that is to be suspended ends before its next step", async () => {
  const hosted = start();
  hosted.run(`
    import { step } from "runsmith";
    export default async function () {
      await step("first", () => 1);
      console.log("waits");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await step("second", () => console.log("second"));
    }`);
  await hosted.until(() => hosted.records.length > 0);
  hosted.send({ type: "suspend" });
  await hosted.over();
  assert.deepEqual([hosted.ended?.outcome, hosted.texts()], ["Suspended", ["waits"]]);
});

function known(journal: JournalEntry[]): Partial<RunMessage> {
  return journal.length === 0 ? {} : { journal };
}
