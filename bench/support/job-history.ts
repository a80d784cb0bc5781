import { addJobs } from "./bulk-jobs.ts";
import { Client } from "./client.ts";
import type { MadeDatabase } from "./databases.ts";
import { startSystem } from "./system.ts";

/** What a history is made of; each is published and really run before its jobs are copied. */
const runbooks = {
  "bench-often":
    'export default function ({ host }: { host?: string }) {\n  console.log("checking", host);\n  console.log("done");\n  return { host, ok: true };\n}\n',
  "bench-seldom": 'export default function () {\n  console.log("once in a while");\n}\n',
  "bench-failing":
    'export default function () {\n  console.log("trying");\n  throw new Error("it does not work");\n}\n',
} as const;

/** The name of one of many runbooks that share half of the history evenly; one in ten of them fails. */
export function manyRunbook(number: number): string {
  return `bench-many-${number}`;
}

const atOnce = 8;

/**
 * Fills a database with a history of `count` ended jobs over the last twenty days: 4 % of a runbook that fails, one in 1,000
 * of a seldom one, the rest of one that runs often, or half of that, where there are `many` more runbooks for the other half. Prints how
 * long it took.
 */
export async function makeHistory(
  database: Pick<MadeDatabase, "options" | "arguments">,
  dataDirectory: string,
  count: number,
  many = 0,
): Promise<void> {
  const startedAt = performance.now();
  const system = await startSystem(database.arguments, { dataDirectory });
  const client = new Client(system.url, system.token);
  try {
    for (const [name, script] of Object.entries(runbooks)) await client.publish(name, "TypeScript", script);
    for (const [name, jobs] of [
      ["bench-often", 24],
      ["bench-failing", 1],
      ["bench-seldom", 1],
    ] as const) {
      for (let job = 0; job < jobs; job += 1) {
        await client.wait((await client.start(name, name === "bench-often" ? { host: `web-${job}` } : {})).jobId);
      }
    }
    for (let next = 0; next < many; next += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, many - next) }, (_, index) => next + index);
      await Promise.all(numbers.map((number) => runOnce(client, number)));
    }
  } finally {
    client.close();
    await system.stop();
  }
  const day = 24 * 3_600_000;
  const span = { from: Date.now() - 20 * day, until: Date.now() - day };
  const seldom = Math.ceil(count / 1000);
  const rest = count - seldom;
  const ofMany = many === 0 ? 0 : Math.floor(rest / 2);
  const took = await addJobs(database.options, [
    {
      ...span,
      templates: "ended_at IS NOT NULL AND runbook_name IN ('bench-often', 'bench-failing')",
      count: rest - ofMany,
    },
    { ...span, templates: "ended_at IS NOT NULL AND runbook_name LIKE 'bench-many-%'", count: ofMany },
    { ...span, templates: "runbook_name = 'bench-seldom'", count: seldom },
  ]);
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  console.error(
    `set-up: ${count} ended jobs in ${seconds(performance.now() - startedAt)} s, ${seconds(took)} s of it written in bulk`,
  );
}

async function runOnce(client: Client, number: number): Promise<void> {
  const fails = number % 10 === 0;
  const script = fails
    ? 'export default function () {\n  throw new Error("it does not work");\n}\n'
    : 'export default function () {\n  console.log("done");\n}\n';
  await client.publish(manyRunbook(number), "TypeScript", script);
  await client.wait((await client.start(manyRunbook(number))).jobId);
}
