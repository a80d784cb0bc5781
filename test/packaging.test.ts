import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "./support/requires.ts";
import { startCommand } from "./support/run-command.ts";
import { startSystem } from "./support/system.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const root = join(import.meta.dirname, "..");

/** What a packed checkout is made of; packing writes `dist/`, so it must not happen in the checkout that is under test. */
const packed = [
  "package.json",
  "bin",
  "cli",
  "src",
  "worker",
  "sql",
  "setup",
  "docs",
  "LICENSE",
  "CHANGELOG.md",
  "SECURITY.md",
];

test("the package, installed elsewhere, starts a server and a worker and runs a job", {
  ...skipUnless("bubblewrap"),
  timeout: 200_000,
}, async () => {
  await using temporary = await temporaryFolder();
  const project = join(temporary.path, "project");
  const tarball = await pack(join(temporary.path, "checkout"));
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{"private": true, "type": "module"}');
  await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-save", tarball);

  const installed = join(project, "node_modules", "runsmith");
  const command = join(installed, "bin", "runsmith.js");
  const version = await startCommand("npx", ["runsmith", "--version"], { env: environment(), cwd: project }).ended;
  assert.equal(
    version.stdout.trim(),
    JSON.parse(await readFile(join(root, "package.json"), "utf8")).version,
    version.stderr,
  );

  await using system = await startSystem({ command });
  await writeFile(join(system.folder, "hello.ts"), helloRunbook);
  const imported = await system.run("import-runbook", "hello.ts", "--publish");
  assert.equal(imported.code, 0, imported.stderr);
  const ended = await system.run("start-runbook", "hello", "-p", "name=world", "--follow");
  assert.deepEqual([ended.code, ended.stdout], [0, "hello world\n"], ended.stderr);
  const local = await system.run("run", "hello.ts", "-p", "name=you");
  assert.deepEqual([local.code, local.stdout], [0, "hello you\n"], local.stderr);

  await checkTypes(project);
});

const helloRunbook = `import { type Secret, progress } from "runsmith";
export default async function ({ name }: { name: string; key?: Secret }) {
  progress({ activity: "greeting", percent: 50 });
  console.log("hello " + name);
}
`;

/** Whoever writes runbooks in a project of their own gets the types of the runbook API, and nothing else. */
async function checkTypes(project: string): Promise<void> {
  await writeFile(join(project, "hello.ts"), helloRunbook);
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: [],
      },
      files: ["hello.ts"],
    }),
  );
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const checked = await startCommand(process.execPath, [compiler, "-p", project], { env: environment() }).ended;
  assert.equal(checked.stdout.replaceAll(/^.*Cannot find name 'console'.*\n/gm, ""), "");
}

async function pack(copy: string): Promise<string> {
  await mkdir(copy);
  for (const name of packed) await cp(join(root, name), join(copy, name), { recursive: true });
  await cp(join(root, "README.md"), join(copy, "README.md")).catch(() => {});
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  const printed = await npm(copy, "pack", "--json");
  const [{ filename, files }] = JSON.parse(printed.slice(printed.indexOf("["))) as [
    { filename: string; files: { path: string }[] },
  ];
  const paths = files.map(({ path }) => path);
  for (const needed of ["bin/runsmith.js", "dist/cli/main.js", "LICENSE", "sql/sqlite/0001-initial.sql"]) {
    assert.ok(paths.includes(needed), `${needed} is not packed`);
  }
  assert.deepEqual(
    paths.filter(
      (path) =>
        /\.test\.|^test\/|^bench\/|^setup\//.test(path) || (/\.ts$/.test(path) && !/\.d\.ts$|^docs\//.test(path)),
    ),
    [],
  );
  return join(copy, filename);
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await startCommand("npm", args, { env: environment(), cwd: folder }).ended;
  assert.equal(code, 0, `npm ${args.join(" ")}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Without what an outer `npm test` adds: its settings, and the checkout's programs on PATH. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_/.test(name));
  const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  return { ...Object.fromEntries(kept), PATH: path.join(":") };
}
