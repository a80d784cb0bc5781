import { availableParallelism } from "node:os";
import { findFiles } from "./find-files.js";
import { say } from "./root.js";
import { runNode } from "./run-node.js";
import { setUp } from "./set-up.js";

const usage = `npm test -- [--require pwsh,mssql] [--only NAME] [--serial] [FILTER...]
  --require A,B   what a machine of yours must have: a test that would be skipped for want of it fails instead
  --only PATTERN  runs the tests whose names match this regular expression
  --serial        one test file at a time
  FILTER          runs the files whose path contains one of these texts`;

const folders = ["src", "worker", "cli", "module-gallery", "setup", "test"];

const { filters, required, nodeOptions, concurrency } = readArguments(process.argv.slice(2));
await setUp();

const files = findFiles(folders, ".test.ts").filter(
  (file) => filters.length === 0 || filters.some((f) => file.includes(f)),
);
if (files.length === 0) {
  say(`No test file matches ${filters.join(", ")}.`);
  process.exit(2);
}

const startedAt = Date.now();
runNode(
  [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${concurrency}`,
    "--test-timeout=240000",
    ...nodeOptions,
    ...files,
  ],
  {
    env: { RUNSMITH_TEST_REQUIRE: required.join(","), RUNSMITH_URL: undefined, RUNSMITH_TOKEN: undefined },
    ended: () =>
      process.stdout.write(`ℹ total ${((Date.now() - startedAt) / 1000).toFixed(1)} s, ${files.length} files\n`),
  },
);

function readArguments(args) {
  const result = { filters: [], required: [], nodeOptions: [], concurrency: Math.max(2, availableParallelism() - 1) };
  for (let index = 0; index < args.length; index++) {
    const [option, inline] = args[index].startsWith("--") ? args[index].split(/=(.*)/s, 2) : [args[index]];
    const value = () => inline ?? args[++index] ?? fail(`${option} needs a value.`);
    if (option === "--require") result.required.push(...value().split(",").filter(Boolean));
    else if (option === "--only") result.nodeOptions.push(`--test-name-pattern=${value()}`);
    else if (option === "--serial") result.concurrency = 1;
    else if (option === "--help") fail(usage, 0);
    else if (option.startsWith("--")) fail(`Unknown option ${option}.\n${usage}`);
    else result.filters.push(option);
  }
  return result;
}

function fail(text, code = 2) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}
