/* A worker in a process of its own, for tests that stop or kill it: `worker-process.ts SERVER TOKEN-FILE`. */
import { startWorker } from "../worker.ts";
import { testRuntimeDirectory } from "./test-worker.ts";

const [, , server = "", tokenFile = ""] = process.argv;
const worker = await startWorker({
  server,
  tokenFile,
  version: "0.0.0-test",
  slots: 2,
  poolMemory: 0,
  runtimeDirectory: testRuntimeDirectory,
});
process.on("SIGTERM", () => void worker.drain().then(() => process.exit(0)));
await worker.ended;
