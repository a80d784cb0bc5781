import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { RunJobFrame } from "../src/contract/link/control-frames.ts";
import { linkCloseCodes } from "../src/contract/link/control-frames.ts";
import { jobRecordCredit } from "../src/contract/session-limits.ts";
import { skipUnless } from "../test/support/requires.ts";
import { isAlive, processesWhere } from "./sandbox/process-tree.ts";
import type { TestWorker } from "./testing/test-worker.ts";
import { startTestWorker } from "./testing/test-worker.ts";

/** Such as `signal`, from the runbook API. */
const api = 'import { signal } from "runsmith";';

describe("a worker", () => {
  let test: TestWorker;
  before(async () => {
    test = await startTestWorker({ slots: 3, limits: { memory: 200 * 1024 ** 2, processes: 60 } });
  });
  after(() => test.close());

  const run = (script: string, changes: Partial<RunJobFrame> = {}) => test.service.run(script, changes);
  const endOf = (attempt: ReturnType<typeof run>) => test.service.endOf(attempt);

  it("runs a job to its end and tells its records in order", async () => {
    const attempt = run(
      "export default async ({ name }) => { console.log('hello', name); console.warn('careful'); return 42 }",
      { parameters: { name: "world" } },
    );
    const end = await endOf(attempt);
    assert.equal(end.outcome, "Completed");
    assert.equal(end.reason, "script");
    assert.equal(end.result, 42);
    assert.deepEqual(
      test.service.recordsOf(attempt).map(({ number, stream, text }) => ({ number, stream, text })),
      [
        { number: 1, stream: "Output", text: "hello world" },
        { number: 2, stream: "Warning", text: "careful" },
        { number: 3, stream: "Output", text: "42" },
      ],
    );
    const [times, ...others] = test.service.timesOf(attempt);
    assert.ok(times !== undefined && others.length === 0 && times.hostReadyAt <= times.runningAt);
  });

  it("runs each job in a process of its own, as an account that no other live host has", {
    ...skipUnless("root"),
  }, async () => {
    const waiting = "console.log('here'); export default () => new Promise((resolve) => setTimeout(resolve, 60_000))";
    const attempts = [run(waiting), run(waiting)];
    await test.service.until(
      () => attempts.every((attempt) => test.service.recordsOf(attempt).length > 0),
      "both jobs",
    );
    const users = processesWhere((processId) => isAlive(processId) && /\bhost\.mjs\b/.test(commandOf(processId)))
      .map((processId) => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1])
      .map(Number)
      .filter((user) => user >= 64_000 && user <= 64_999);
    assert.ok(new Set(users).size >= 2, users.join());
    for (const attempt of attempts) test.service.send({ type: "stop-job", ...attempt, reason: "test", force: true });
    for (const attempt of attempts) assert.equal((await endOf(attempt)).outcome, "Stopped");
  });

  it("keeps secret parameters out of every record, result and exception", async () => {
    const attempt = run(
      [
        "import { writeSync } from 'node:fs';",
        "export default async ({ password }) => {",
        "  console.log('it is', password, { nested: { password } });",
        "  process.stdout.write(password.slice(0, 3)); await new Promise((resolve) => setTimeout(resolve, 150)); process.stdout.write(password.slice(3) + '\\n');",
        "  writeSync(1, 'raw ' + password.slice(0, 4)); await new Promise((resolve) => setTimeout(resolve, 150)); writeSync(1, password.slice(4) + '\\n');",
        "  throw new Error('wrong: ' + password);",
        "}",
      ].join("\n"),
      { parameters: { password: "hunter22" }, parameterSchemas: { password: { "x-secret": true } } },
    );
    const end = await endOf(attempt);
    assert.equal(end.outcome, "Failed");
    assert.equal(end.exception?.message, "wrong: ********");
    const told = JSON.stringify([test.service.recordsOf(attempt), end]);
    assert.ok(!told.includes("hunter22"));
    assert.match(test.service.textOf(attempt), /raw \n\*{8}/);
  });

  it("lives on when a job with a secret of any length writes whatever it likes to its worker", async () => {
    const password = "s3cret.".repeat(6_000);
    const nested = "[".repeat(3_000) + "]".repeat(3_000);
    const record = `{"type":"record","stream":"Output","time":1e999,"text":"deep","value":${nested}}`;
    const end = `{"type":"ended","outcome":"Failed","result":${nested},"exception":{"name":[],"message":{"toString":1}}}`;
    const attempt = run(
      `import { writeSync } from 'node:fs'; export default ({ password }) => { console.log(password); writeSync(4, ${JSON.stringify(`${record}\n${end}\n`)}); }`,
      { parameters: { password }, parameterSchemas: { password: { "x-secret": true } } },
    );
    assert.deepEqual([(await endOf(attempt)).outcome, (await endOf(attempt)).reason], ["Failed", "script"]);
    assert.deepEqual(
      test.service.recordsOf(attempt).map(({ text, cut }) => [text, cut]),
      [
        ["********", undefined],
        ["deep", true],
      ],
    );
    assert.equal((await endOf(run("console.log('next')"))).outcome, "Completed");
  });

  it("warns of a secret that is too short to be masked", async () => {
    const attempt = run("console.log('on')", {
      parameters: { pin: "123" },
      parameterSchemas: { pin: { "x-secret": true } },
    });
    await endOf(attempt);
    const [warning, ...others] = test.service.recordsOf(attempt);
    assert.deepEqual([warning?.stream, others.map(({ text }) => text)], ["Warning", ["on"]]);
    assert.match(warning?.text ?? "", /"pin" holds a text of fewer than 4 characters, which is not masked/);
  });

  it("tells the end of a job whose secrets are words of the protocol", async () => {
    const words = ["Completed", "ended", "outcome", "record", "Output", "script"];
    const attempt = run("console.log('Output')", {
      parameters: { words },
      parameterSchemas: { words: { "x-secret": true } },
    });
    assert.equal((await endOf(attempt)).outcome, "Completed");
    assert.deepEqual(
      [test.service.recordsOf(attempt)[0]?.stream, test.service.textOf(attempt)],
      ["Output", "********"],
    );
  });

  it("asks a job to stop, and tells that it did", async () => {
    const attempt = run(
      `${api} export default async () => { console.log('on'); const timer = setInterval(() => {}, 1000); await new Promise((resolve) => signal.addEventListener('abort', resolve)); clearInterval(timer); console.log('off'); signal.throwIfAborted(); }`,
    );
    await test.service.until(() => test.service.recordsOf(attempt).length > 0, "the job's start");
    test.service.send({ type: "stop-job", ...attempt, reason: "by the test", force: false });
    const end = await endOf(attempt);
    assert.equal(end.outcome, "Stopped");
    assert.equal(test.service.textOf(attempt), "on\noff");
  });

  it("kills a job that ignores a stop after its grace, and one that loops for ever", async () => {
    const stubborn = run(`${api} signal; export default async () => { console.log('on'); for (;;); }`, {
      stopGrace: 200,
    });
    await test.service.until(() => test.service.recordsOf(stubborn).length > 0, "the job's start");
    test.service.send({ type: "stop-job", ...stubborn, reason: "by the test", force: false });
    assert.equal((await endOf(stubborn)).outcome, "Stopped");
  });

  it("ends a job at its time limit, and says so", async () => {
    const attempt = run("setInterval(() => {}, 1000)", { timeLimit: 200, stopGrace: 200 });
    const end = await endOf(attempt);
    assert.equal(end.outcome, "Failed");
    assert.equal(end.reason, "time-limit");
    assert.match(end.exception?.message ?? "", /time limit of 0.2 s/);
  });

  for (const [what, script, reason, told] of [
    ["kills itself", "process.kill(process.pid, 'SIGKILL')", "host-lost", /signal SIGKILL/],
    [
      "allocates objects for ever",
      "const kept = []; for (;;) kept.push({ text: String(kept.length) })",
      "host-lost",
      /memory|SIGABRT|SIGTRAP/,
    ],
    [
      "writes nonsense to the worker",
      "import { writeSync } from 'node:fs'; writeSync(4, 'nonsense\\n'); setInterval(() => {}, 1000)",
      "host-lost",
      /broke the link/,
    ],
    [
      "never ends its line to the worker",
      "import { writeSync } from 'node:fs'; for (;;) writeSync(4, 'x'.repeat(1e6))",
      "host-lost",
      /broke the link/,
    ],
    [
      "spreads its memory over processes",
      "import { spawn } from 'node:child_process'; for (let i = 0; i < 4; i++) spawn('perl', ['-e', 'my $x = \"x\" x 8e7; sleep 60'])",
      "host-lost",
      /held \d+ MiB of memory/,
    ],
    [
      "closes its descriptors",
      "import { closeSync } from 'node:fs'; for (const fd of [0, 1, 2, 3, 4]) try { closeSync(fd) } catch {} ; setTimeout(() => {}, 300)",
      "host-lost",
      /exit code/,
    ],
  ] as const) {
    it(`tells the truth of a job that ${what}`, async () => {
      const end = await endOf(run(script));
      assert.equal(end.outcome, "Failed");
      assert.equal(end.reason, reason);
      assert.match(end.exception?.message ?? "", told);
    });
  }

  it("is out of reach of a job that kills its parent and everything else", async () => {
    const kill = (target: string) => `try { process.kill(${target}, 'SIGKILL') } catch {}`;
    const attempt = run(
      `${kill("process.ppid")}; ${kill("1")}; ${kill("-1")}; setTimeout(() => console.log('alive'), 50)`,
    );
    assert.equal((await endOf(attempt)).outcome, "Completed");
    assert.equal(test.service.textOf(attempt), "alive");
  });

  it("goes on when the process that starts its hosts dies", async () => {
    const attempt = run("console.log('on'); setInterval(() => {}, 1000)");
    await test.service.until(() => test.service.recordsOf(attempt).length > 0, "the job's start");
    const [spawner] = processesWhere(
      (processId) =>
        isAlive(processId) &&
        /spawner|descriptorFile/.test(commandOf(processId)) &&
        parentOf(processId) === process.pid,
    );
    assert.ok(spawner !== undefined);
    process.kill(spawner, "SIGKILL");
    assert.equal((await endOf(attempt)).reason, "host-lost");
    assert.equal((await endOf(run("console.log('again')"))).outcome, "Completed");
  });

  it("leaves nothing of a job that starts daemons", async () => {
    const mark = `sleep 31${Math.trunc(Math.random() * 1e6)}`;
    const attempt = run(
      `import { spawn } from 'node:child_process'; for (let i = 0; i < 3; i++) spawn('setsid', ['sh', '-c', '${mark} & ${mark}'], { detached: true, stdio: 'ignore' }).unref(); await new Promise((resolve) => setTimeout(resolve, 200)); console.log('over');`,
    );
    assert.equal((await endOf(attempt)).outcome, "Completed");
    assert.deepEqual(
      processesWhere((processId) => commandOf(processId).includes(mark)),
      [],
    );
  });

  it("ends a job whose start fails with the reason: a granted path that is not there", async () => {
    const end = await endOf(
      run("console.log('never')", { grants: [{ type: "path", path: "/not/there", access: "read" }] }),
    );
    assert.equal(end.outcome, "Failed");
    assert.equal(end.reason, "worker-error");
    assert.match(end.exception?.message ?? "", /\/not\/there does not exist/);
  });

  it("cuts output over the limit with a visible notice, and lets the job go on", async () => {
    const attempt = run("for (let i = 0; i < 1000; i++) console.log('x'.repeat(100)); export default () => 'end'", {
      outputLimit: 5_000,
    });
    const end = await endOf(attempt);
    assert.equal(end.outcome, "Completed");
    assert.equal(end.result, "end");
    const records = test.service.recordsOf(attempt);
    // Each of 100 bytes of text, and of what a record costs by itself.
    assert.ok(records.length > 20 && records.length < 50, `${records.length} records`);
    assert.deepEqual(
      [records.at(-1)?.stream, records.at(-1)?.text.startsWith("The output was cut after 5000 bytes")],
      ["Warning", true],
    );
  });

  it("does not read from a job whose records are not acknowledged, so that the script waits", async () => {
    test.service.acknowledgesRecords = false;
    const attempt = run(
      "import { writeFileSync } from 'node:fs'; for (let i = 0; i < 20_000; i++) { console.log('x'.repeat(1000)); }",
    );
    const received = () => test.service.recordsOf(attempt).reduce((sum, record) => sum + record.text.length, 0);
    await test.service.until(() => received() > jobRecordCredit * 0.8, "the credit to be used up");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(received() <= jobRecordCredit, `${received()} bytes came`);
    test.service.acknowledgesRecords = true;
    test.service.acknowledgeAll();
    assert.equal((await endOf(attempt)).outcome, "Completed");
    assert.equal(received(), 20_000_000);
  });

  it("asks for a script that it does not have, and declines a job for which it has no slot", async () => {
    const hash = "a".repeat(64);
    const attempt = run("", { script: null, scriptHash: hash });
    await test.service.until(
      () => test.service.controlFrames.some((frame) => frame.type === "script-needed" && frame.scriptHash === hash),
      "the worker's question",
    );
    test.service.send({ type: "script", scriptHash: hash, script: "console.log('came')" });
    await endOf(attempt);
    assert.equal(test.service.textOf(attempt), "came");

    const attempts = [1, 2, 3, 4].map(() => run("setInterval(() => {}, 1000)"));
    const declined = await test.service.until(
      () => test.service.controlFrames.find((frame) => frame.type === "job-declined"),
      "the fourth job to be declined",
    );
    assert.equal(declined.type === "job-declined" ? declined.jobId : "", attempts[3]?.jobId);
    for (const attempt of attempts.slice(0, 3))
      test.service.send({ type: "stop-job", ...attempt, reason: "", force: true });
    for (const attempt of attempts.slice(0, 3)) await endOf(attempt);
  });

  it("sends again only what was not acknowledged when the link breaks, and keeps its jobs", async () => {
    const attempt = run(
      "console.log('one'); console.log('two'); await new Promise((resolve) => setTimeout(resolve, 1500)); console.log('three');",
    );
    await test.service.until(() => test.service.recordsOf(attempt).length === 2, "two records");
    test.service.acknowledgesRecords = false;
    test.service.breakLinks();
    await test.service.until(() => test.service.recordsOf(attempt).length === 3, "the third record");
    test.service.breakLinks();
    test.service.acknowledgesRecords = true;
    assert.equal((await endOf(attempt)).outcome, "Completed");
    await test.service.until(() => timesOf(1) === 1 && timesOf(2) === 1 && timesOf(3) === 2, "the third record again");
    assert.ok(test.service.hellos.at(-1)?.running.some(({ jobId }) => jobId === attempt.jobId));

    function timesOf(number: number): number | undefined {
      return test.service.timesReceived.get(`${attempt.jobId}/1/${number}`);
    }
  });

  it("gives up one job whose records the service cannot read, and no other", async () => {
    await test.service.linked();
    const ticking = (text: string, after: string) =>
      `for (let tick = 0; tick < 40; tick++) { console.log('${text} ' + tick); await new Promise((resolve) => setTimeout(resolve, 20)); } ${after}`;
    test.service.findsBad = ({ records, ended }) =>
      records.some(({ text }) => text === "bad 5") || ended?.result === "bad";
    const good = [run(ticking("good", "")), run(ticking("fine", ""))];
    const bad = run(ticking("bad", "setInterval(() => {}, 1000)"));
    const end = await endOf(bad);
    assert.deepEqual([end.outcome, end.reason, end.exception?.name], ["Failed", "worker-error", "RecordsRefused"]);
    for (const attempt of good) {
      assert.equal((await endOf(attempt)).outcome, "Completed");
      assert.equal(test.service.recordsOf(attempt).length, 40);
    }
    assert.ok(test.service.recordsOf(bad).length <= 5);
    // The script of this one is over when the service finds its end bad.
    const badEnd = await endOf(run("export default () => 'bad'"));
    assert.deepEqual([badEnd.outcome, badEnd.reason], ["Failed", "worker-error"]);
    test.service.findsBad = () => false;
    assert.equal((await endOf(run("console.log('next')"))).outcome, "Completed");
  });

  it("kills a job that the service does not keep, and says nothing more of it", async () => {
    await test.service.linked();
    const attempt = run("console.log('on'); setInterval(() => console.log('still'), 50)");
    await test.service.until(() => test.service.recordsOf(attempt).length > 0, "the job's start");
    test.service.keep = () => [];
    test.service.breakLinks();
    await test.service.until(
      () => test.service.hellos.at(-1)?.running.some(({ jobId }) => jobId === attempt.jobId),
      "the next hello",
    );
    await test.service.until(() => test.service.controlFrames.at(-1)?.type === "heartbeat", "a heartbeat");
    const count = test.service.recordsOf(attempt).length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(test.service.recordsOf(attempt).length, count);
    assert.equal(test.service.ends.has(`${attempt.jobId}/1`), false);
    test.service.keep = (hello) => hello.running;
  });

  it("ends when it was removed, not signed in any more, as it does when it comes with a token that is none", async () => {
    await test.service.linked();
    test.service.closeControl(linkCloseCodes.unauthorized);
    const reason = await test.worker.ended;
    assert.deepEqual([reason?.code, reason?.status], ["worker-token-refused", 401]);
  });
});

function commandOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

function parentOf(processId: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${processId}/status`, "utf8"))?.[1]);
}
