import { withoutOutput } from "./output-channel.ts";
import { importRunbook } from "./runbook-module.ts";

/** Set by the worker when a job already waits for this host: then warming up would only cost time. */
const directVariable = "RUNSMITH_DIRECT";

const script = `
import { progress, verbose } from "runsmith";
export default async function ({ value = 1 }) {
  console.log("warm", value);
  console.log({ value });
  await null;
  return { value };
}
`;

/** Runs through what every runbook goes through, so that its code is loaded and compiled before a job comes. */
export async function warmUp(): Promise<void> {
  if (process.env[directVariable] !== undefined) {
    delete process.env[directVariable];
    return;
  }
  await withoutOutput(async () => {
    const module = await importRunbook("warm-up", script);
    const main = module["default"] as (parameters: object) => Promise<unknown>;
    await main({});
  });
}
