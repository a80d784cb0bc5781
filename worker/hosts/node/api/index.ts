/*
 * The runbook API: what `import { … } from "runsmith"` gives a TypeScript runbook. These doc comments are the authors' reference.
 */
export { AssetError } from "./asset-error.ts";
export type { Certificate } from "./certificate.ts";
export { certificate } from "./certificate.ts";
export type { ChildJob, ChildJobRecord, ChildJobState } from "./child-job.ts";
export type { Connection } from "./connection.ts";
export { connection } from "./connection.ts";
export type { Context } from "./context.ts";
export type { Credential } from "./credential.ts";
export { credential } from "./credential.ts";
export type { Job } from "./job.ts";
export { job } from "./job.ts";
export { parallel } from "./parallel.ts";
export type { Progress } from "./progress.ts";
export { progress } from "./progress.ts";
export { runbook } from "./runbook.ts";
export { RunbookError } from "./runbook-error.ts";
export type { Secret } from "./secret.ts";
export { signal } from "./signal.ts";
export { sleep } from "./sleep.ts";
export type { StartRunbookOptions } from "./start-runbook.ts";
export { startRunbook } from "./start-runbook.ts";
export type { StepContext, StepOptions } from "./step.ts";
export { StepTimeout, step } from "./step.ts";
export { setVariable, variable } from "./variable.ts";
export { verbose } from "./verbose.ts";
export type { ApprovalAnswer } from "./waits.ts";
export { approval, sleepUntil, suspend, WaitTimeout, waitForEvent } from "./waits.ts";
