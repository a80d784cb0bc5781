import type { RightScope, RightsRole } from "../../contract/api/right.ts";
import { rightsRoles } from "../../contract/api/right.ts";
import type { TestServer } from "./test-server.ts";

/* For tests only: two of everything that rights can be on, and somebody for each role on each kind of thing of the one side. */

/** What is on the one side, on which rights are given, or on the other, on which nobody has any of its own. */
export interface Side {
  folder: string;
  runbook: string;
  /** It is over. */
  jobId: string;
  group: string;
  worker: string;
  variable: string;
  credential: string;
  connectionType: string;
  connection: string;
  calendar: string;
  schedule: string;
  /** That the schedule starts the runbook. */
  linkId: string;
}

export interface Holder {
  /** Such as `author of folder`. */
  name: string;
  principalId: string;
  token: string;
  role: RightsRole | null;
  /** Of what: null for nothing, and for the asset its variable. */
  on: RightScope | null;
}

export interface RightsWorld {
  inside: Side;
  outside: Side;
  holders: Holder[];
}

const script = Buffer.from("export default function () {}\n").toString("base64");

export async function makeRightsWorld(server: TestServer): Promise<RightsWorld> {
  const inside = await makeSide(server, "inside");
  const outside = await makeSide(server, "outside");
  const places: Partial<Record<RightScope, string>> = {
    everything: "everything",
    folder: `folder:${inside.folder}`,
    runbook: `runbook:${inside.runbook}`,
    "worker-group": `worker-group:${inside.group}`,
    asset: `variable:${inside.variable}`,
  };
  const holders = [await makeHolder(server, "nobody", null, null)];
  for (const [on, place] of Object.entries(places) as [RightScope, string][]) {
    for (const role of rightsRoles) {
      const holder = await makeHolder(server, `${role} of ${on}`, role, on);
      await must(server, "POST", "/api/rights", { principal: holder.principalId, role, on: place }, 201);
      holders.push(holder);
    }
  }
  return { inside, outside, holders };
}

async function makeSide(server: TestServer, name: string): Promise<Side> {
  const side = {
    folder: name,
    runbook: `runbook-${name}`,
    group: `group-${name}`,
    worker: `worker-${name}`,
    variable: `variable-${name}`,
    credential: `credential-${name}`,
    connectionType: `type-${name}`,
    connection: `connection-${name}`,
    calendar: `calendar-${name}`,
    schedule: `schedule-${name}`,
  };
  await must(server, "POST", "/api/folders", { name: side.folder }, 201);
  const runbook = { name: side.runbook, kind: "TypeScript", source: script, folder: side.folder, publish: true };
  await must(server, "POST", "/api/runbooks", runbook, 201);
  const { jobId } = await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook: side.runbook }, 201);
  await must(server, "POST", `/api/jobs/${jobId}/stop`, {}, 202);
  await must(server, "POST", "/api/workers", { name: side.worker, group: side.group }, 201);
  await must(server, "POST", "/api/variables", { name: side.variable, value: 1 }, 201);
  await must(server, "POST", "/api/credentials", { name: side.credential, userName: "u", password: "p" }, 201);
  const fields = [{ name: "Host", type: "string" }];
  await must(server, "POST", "/api/connection-types", { name: side.connectionType, fields }, 201);
  const connection = { name: side.connection, connectionType: side.connectionType, fields: { Host: "x" } };
  await must(server, "POST", "/api/connections", connection, 201);
  await must(server, "POST", "/api/calendars", { name: side.calendar }, 201);
  const recurrence = { kind: "days", every: 1, at: ["03:00"] };
  await must(server, "POST", "/api/schedules", { name: side.schedule, recurrence }, 201);
  const link = { schedule: side.schedule, runbook: side.runbook };
  const { linkId } = await must<{ linkId: string }>(server, "POST", "/api/schedule-links", link, 201);
  return { ...side, jobId, linkId };
}

async function makeHolder(
  server: TestServer,
  name: string,
  role: RightsRole | null,
  on: RightScope | null,
): Promise<Holder> {
  const made = await must<{ principalId: string }>(
    server,
    "POST",
    "/api/service-principals",
    { name: name.replaceAll(" ", "-") },
    201,
  );
  const { token } = await must<{ token: string }>(
    server,
    "POST",
    "/api/tokens",
    { name: "test", principal: made.principalId },
    201,
  );
  return { name, principalId: made.principalId, token, role, on };
}

/** As the administrator, who must succeed. */
export async function must<Body = unknown>(
  server: TestServer,
  method: string,
  path: string,
  body: object,
  status: number,
): Promise<Body> {
  const answer = await server.call<Body>(method, path, { body });
  if (answer.status !== status) {
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}
