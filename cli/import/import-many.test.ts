import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestServer } from "../../src/web/testing/test-server.ts";
import { runsmith } from "../testing/runsmith.ts";

let server: TestServer;
let folder: string;
before(async () => {
  server = await TestServer.start();
  folder = await mkdtemp(join(tmpdir(), "runsmith-import-"));
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function imported(calls: Record<string, string>, ...options: string[]) {
  const paths: string[] = [];
  for (const [name, called] of Object.entries(calls)) {
    const path = join(folder, `${name}.ts`);
    paths.push(path);
    await writeFile(
      path,
      `import { runbook } from "runsmith";\nexport default async function () { return await runbook("${called}"); }\n`,
    );
  }
  const env = { RUNSMITH_URL: server.url, RUNSMITH_TOKEN: server.token };
  return await runsmith(["import-runbook", ...paths, ...options], env);
}

test("an import warns of no runbook that comes later in it, and of what is called and is nowhere", async () => {
  const published = await imported(
    { First: "second", Second: "Third", Third: "Nowhere" },
    "--publish",
    "--output",
    "json",
  );
  assert.match(published.stderr, /^[^\n]*Third\.ts:2:\d+: warning: There is no runbook "Nowhere" that[^\n]*\n$/);
  const told = JSON.parse(published.stdout) as { runbook: { published: { problems: unknown[] } } }[];
  assert.deepEqual(
    told.map(({ runbook }) => runbook.published.problems.length),
    [0, 0, 1],
  );
  const drafts = await imported({ Fourth: "Fifth", Fifth: "First", Sixth: "Seventh" });
  assert.match(drafts.stderr, /^[^\n]*Sixth\.ts:2:\d+: warning: There is no runbook "Seventh" that[^\n]*\n$/);
});

test("an import warns of what is called and could not be published", async () => {
  const broken = join(folder, "Broken.ts");
  await writeFile(broken, "enum Wrong { One }\n");
  const { stderr } = await imported({ Caller: "Broken" }, broken, "--publish");
  assert.match(stderr, /^[^\n]*Caller\.ts:2:\d+: warning: There is no runbook "Broken" that/m);
});
