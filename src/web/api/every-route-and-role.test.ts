import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { RightScope, RightsRole } from "../../contract/api/right.ts";
import type { Store } from "../../store/store.ts";
import type { Features } from "../features.ts";
import type { ServiceMetrics } from "../service-metrics.ts";
import type { Holder, RightsWorld, Side } from "../testing/rights-world.ts";
import { makeRightsWorld } from "../testing/rights-world.ts";
import { TestServer } from "../testing/test-server.ts";
import { apiRoutes } from "./api-routes.ts";
import type { Route } from "./route.ts";

/*
 * Every route with every role on every kind of thing, by a table of what each is about that is kept apart from the code that decides.
 * A route that names a permission and is not in the table fails here, as it cannot be said who may call it.
 */

type Permission = "read" | "operate" | "use" | "edit" | "administer";

/** What the roles permit, as docs/access.md tells it. */
const permitted: Record<RightsRole, readonly Permission[]> = {
  reader: ["read"],
  operator: ["read", "operate", "use"],
  author: ["read", "operate", "use", "edit"],
  administrator: ["read", "operate", "use", "edit", "administer"],
};

/** Which rights on a thing of the inside are on what a route is about there. */
const covering: Record<About, readonly RightScope[]> = {
  everything: ["everything"],
  folder: ["everything", "folder"],
  runbook: ["everything", "folder", "runbook"],
  "worker group": ["everything", "worker-group"],
  variable: ["everything", "asset"],
  "other asset": ["everything"],
};

type About = "everything" | "folder" | "runbook" | "worker group" | "variable" | "other asset";

interface Case {
  permission: Permission;
  about: About;
  /** What replaces the path's parameters. */
  params?: (side: Side) => Record<string, string>;
  query?: (side: Side) => string;
  body?: (side: Side) => object;
  /** With a revision that nothing has, so that who may do it changes nothing. */
  stale?: boolean;
  /** There is no such thing: who may call the route at all gets a 404. */
  isUnknown?: boolean;
  /** Of everybody who has the permission on anything, who may do it sees that, others learn what they may not. */
  hides?: boolean;
}

/** A list holds what may be read and nothing else: how the things of a side are found in it. */
type Listing = (side: Side) => { key: string; value: string };

const ofRunbook = { about: "runbook", params: ({ runbook }: Side) => ({ runbook }) } as const;
const ofVersion = { about: "runbook", params: ({ runbook }: Side) => ({ runbook, version: "published" }) } as const;
const ofJob = { about: "runbook", params: ({ jobId }: Side) => ({ jobId }) } as const;
const ofWorker = { about: "worker group", params: ({ worker }: Side) => ({ worker }) } as const;
const ofGroup = { about: "worker group", params: ({ group }: Side) => ({ name: group }) } as const;
const ofLink = { about: "runbook", params: ({ linkId }: Side) => ({ linkId }) } as const;
const ofFolder = { about: "folder", params: ({ folder }: Side) => ({ folder }) } as const;
const holidays = [
  "BEGIN:VCALENDAR",
  "VERSION:2.0",
  "PRODID:-//test//EN",
  "BEGIN:VEVENT",
  "UID:1@example.org",
  "DTSTAMP:20300101T000000Z",
  "DTSTART;VALUE=DATE:20300101",
  "SUMMARY:New Year",
  "END:VEVENT",
  "END:VCALENDAR",
  "",
].join("\r\n");
const source = Buffer.from("export default function () {}\n").toString("base64");
const unknown = () => ({ rightId: randomUUID(), noticeId: randomUUID(), asset: "none" });

const cases: Record<string, Case> = {
  startJob: { permission: "operate", about: "runbook", body: ({ runbook }) => ({ runbook }) },
  getJob: { permission: "read", ...ofJob },
  stopJob: { permission: "operate", ...ofJob, body: () => ({}) },
  listJobAttempts: { permission: "read", ...ofJob },
  listChildJobs: { permission: "read", ...ofJob },
  listJobSteps: { permission: "read", ...ofJob },
  suspendJob: { permission: "operate", ...ofJob },
  resumeJob: { permission: "operate", ...ofJob },
  sendJobEvent: { permission: "operate", ...ofJob, body: () => ({ name: "go" }) },
  answerApproval: { permission: "read", ...ofJob, body: () => ({ approved: true }), isUnknown: true },
  listJobRecords: { permission: "read", ...ofJob },
  getJobOutput: { permission: "read", ...ofJob },
  retryJob: { permission: "operate", ...ofJob },
  restartJob: { permission: "operate", ...ofJob, body: () => ({}) },
  importRunbook: {
    permission: "edit",
    about: "folder",
    body: ({ folder }) => ({ name: `new-${randomUUID().slice(0, 8)}`, kind: "TypeScript", source, folder }),
  },
  getRunbook: { permission: "read", ...ofRunbook },
  changeRunbook: { permission: "edit", ...ofRunbook, body: () => ({ description: "x" }), stale: true },
  removeRunbook: { permission: "edit", ...ofRunbook, stale: true },
  saveDraft: { permission: "edit", ...ofRunbook, body: () => ({ source }), stale: true },
  discardDraft: { permission: "edit", ...ofRunbook, stale: true },
  publishRunbook: { permission: "edit", ...ofRunbook, body: () => ({}), stale: true },
  listRunbookVersions: { permission: "read", ...ofRunbook },
  getRunbookVersion: { permission: "read", ...ofVersion },
  getRunbookVersionContent: { permission: "read", ...ofVersion },
  getWorker: { permission: "read", ...ofWorker },
  cordonWorker: { permission: "operate", ...ofWorker },
  uncordonWorker: { permission: "operate", ...ofWorker },
  drainWorker: { permission: "operate", ...ofWorker },
  getWorkerGroup: { permission: "read", ...ofGroup },
  setWorkerGroup: { permission: "edit", ...ofGroup, body: () => ({ description: "x" }), stale: true, hides: false },
  removeWorkerGroup: { permission: "edit", ...ofGroup, stale: true },
  holdDispatch: {
    permission: "operate",
    about: "runbook",
    body: ({ runbook }) => ({ scope: "runbook", name: runbook }),
  },
  releaseDispatch: {
    permission: "operate",
    about: "worker group",
    body: ({ group }) => ({ scope: "group", name: group }),
    hides: false,
  },
  getFolder: { permission: "read", ...ofFolder },
  removeFolder: { permission: "edit", ...ofFolder },
  createFolder: { permission: "edit", about: "folder", body: ({ folder }) => ({ name: `${folder}/twice` }) },
  giveRight: {
    permission: "administer",
    about: "runbook",
    body: ({ runbook }) => ({ principal: "no one", role: "reader", on: `runbook:${runbook}` }),
    // The principal is not there, which who may give rights is told.
    isUnknown: true,
    hides: false,
  },
  getRight: { permission: "administer", about: "everything", params: unknown, isUnknown: true },
  takeRight: { permission: "administer", about: "everything", params: unknown, isUnknown: true },
  getNotice: { permission: "read", about: "everything", params: unknown, isUnknown: true },
  getNextTimes: { permission: "read", about: "other asset", params: ({ schedule }) => ({ schedule }) },
  getScheduleLink: { permission: "read", ...ofLink },
  changeScheduleLink: { permission: "operate", ...ofLink, body: () => ({ enabled: true }), stale: true },
  removeScheduleLink: { permission: "operate", ...ofLink, stale: true },
  // Who makes one has to read the schedule, too.
  createScheduleLink: {
    permission: "operate",
    about: "everything",
    body: ({ schedule, runbook }) => ({ schedule, runbook: `${runbook} is none` }),
    isUnknown: true,
    hides: false,
  },
  importCalendar: {
    permission: "edit",
    about: "other asset",
    params: ({ calendar }) => ({ calendar }),
    body: () => ({ iCalendar: holidays }),
    // It would be made if there were none of the name, so one that may not be read is refused like that.
    hides: false,
  },
  getMetrics: { permission: "read", about: "everything", hides: false },
  getInstallation: { permission: "read", about: "everything", isUnknown: true },
  getOpenApi: { permission: "read", about: "everything", isUnknown: true },
};

for (const [resource, about, named] of [
  ["Variable", "variable", ({ variable }: Side) => variable],
  ["Credential", "other asset", ({ credential }: Side) => credential],
  ["ConnectionType", "other asset", ({ connectionType }: Side) => connectionType],
  ["Connection", "other asset", ({ connection }: Side) => connection],
  ["Schedule", "other asset", ({ schedule }: Side) => schedule],
  ["Calendar", "other asset", ({ calendar }: Side) => calendar],
] as const) {
  const parameter = resource === "Schedule" || resource === "Calendar" ? resource.toLowerCase() : "asset";
  const one = { about, params: (side: Side) => ({ [parameter]: named(side) }) };
  cases[`get${resource}`] = { permission: "read", ...one };
  cases[`change${resource}`] = { permission: "edit", ...one, body: () => ({ description: "x" }), stale: true };
  cases[`remove${resource}`] = { permission: "edit", ...one, stale: true };
}
const creating = { permission: "edit", about: "everything", hides: false } as const;
Object.assign(cases, {
  createVariable: { ...creating, body: ({ variable }) => ({ name: variable, value: 1 }) },
  createCredential: { ...creating, body: ({ credential }) => ({ name: credential, userName: "u", password: "p" }) },
  createConnectionType: { ...creating, body: ({ connectionType: name }) => ({ name, fields: [{ name: "Host" }] }) },
  createConnection: {
    ...creating,
    body: ({ connection: name, connectionType }) => ({ name, connectionType, fields: { Host: "x" } }),
  },
  createSchedule: {
    ...creating,
    body: ({ schedule: name }) => ({ name, recurrence: { kind: "days", every: 1, at: ["03:00"] } }),
  },
  createCalendar: { ...creating, body: ({ calendar: name }) => ({ name }) },
  createCertificate: { ...creating, body: () => ({ name: "broken", pem: "nothing" }) },
  createVault: {
    ...creating,
    permission: "administer",
    body: () => ({ name: "broken", provider: "command", command: "/not/there" }),
  },
} satisfies Record<string, Case>);
for (const [resource, permission] of [
  ["Certificate", "edit"],
  ["Vault", "administer"],
] as const) {
  const one = { about: "everything", params: unknown, isUnknown: true } as const;
  cases[`get${resource}`] = { permission: "read", ...one };
  cases[`change${resource}`] = { permission, ...one, body: () => ({ description: "x" }) };
  cases[`remove${resource}`] = { permission, ...one };
}

const listings: Record<string, { about: About; of: Listing } | null> = {
  listJobs: { about: "runbook", of: ({ jobId }) => ({ key: "jobId", value: jobId }) },
  listRunbooks: { about: "runbook", of: ({ runbook }) => ({ key: "name", value: runbook }) },
  listWorkers: { about: "worker group", of: ({ worker }) => ({ key: "name", value: worker }) },
  listWorkerGroups: { about: "worker group", of: ({ group }) => ({ key: "name", value: group }) },
  listFolders: { about: "folder", of: ({ folder }) => ({ key: "name", value: folder }) },
  listVariables: { about: "variable", of: ({ variable }) => ({ key: "name", value: variable }) },
  listCredentials: { about: "other asset", of: ({ credential }) => ({ key: "name", value: credential }) },
  listConnectionTypes: { about: "other asset", of: ({ connectionType }) => ({ key: "name", value: connectionType }) },
  listConnections: { about: "other asset", of: ({ connection }) => ({ key: "name", value: connection }) },
  listSchedules: { about: "other asset", of: ({ schedule }) => ({ key: "name", value: schedule }) },
  listCalendars: { about: "other asset", of: ({ calendar }) => ({ key: "name", value: calendar }) },
  listScheduleLinks: { about: "runbook", of: ({ linkId }) => ({ key: "linkId", value: linkId }) },
  getScheduleForecast: { about: "runbook", of: ({ linkId }) => ({ key: "linkId", value: linkId }) },
  // Nothing of theirs is in this world; other tests have them.
  getDispatch: null,
  listNotices: null,
  listRights: null,
  listScheduledTimes: null,
  listApprovals: null,
  listCertificates: null,
  listVaults: null,
  // Without end.
  followEvents: null,
  // A body says which.
  stopJobs: null,
  retryJobs: null,
};

describe("every route × every role", () => {
  let server: TestServer;
  let world: RightsWorld;
  const routes = tableOfRoutes();

  before(async () => {
    server = await TestServer.start();
    world = await makeRightsWorld(server);
  });
  after(() => server.close());

  test("each route says who may call it, and one that names a permission what it is about", () => {
    const known = ["anyone", "signed-in", "administrator", "read", "operate", "use", "edit", "administer"];
    for (const { name, access } of routes) {
      assert.ok(known.includes(access), `${name}: ${access}`);
      const needsCase = ["read", "operate", "use", "edit", "administer"].includes(access);
      const isKnown = name in cases || name in listings;
      assert.equal(
        isKnown,
        needsCase,
        `${name}: say in this test what it is about, on which things its permission is asked for`,
      );
    }
  });

  test("what needs an administrator is refused to everybody else, whatever they may on however much", async () => {
    for (const route of routes.filter(({ access }) => access === "administrator")) {
      for (const holder of world.holders) {
        const { status } = await call(route, holder, { permission: "administer", about: "everything" }, world.inside);
        const isAdministrator = holder.role === "administrator" && holder.on === "everything";
        assert.equal(status === 403, !isAdministrator, `${route.name} as ${holder.name}: ${status}`);
      }
    }
  });

  test("a permission is asked for on the thing itself: what may not be read is unknown, what may be read and no more is refused", async () => {
    const wrong: string[] = [];
    for (const route of routes) {
      const of = cases[route.name];
      if (of === undefined) continue;
      for (const side of [world.inside, world.outside]) {
        for (const holder of world.holders) {
          const { status, body } = await call(route, holder, of, side);
          const expected = expectedOf(of, holder, side === world.inside);
          if (!expected.includes(status <= 399 || ![401, 403, 404].includes(status) ? 200 : status)) {
            const place = side === world.inside ? "inside" : "outside";
            wrong.push(
              `${route.name} as ${holder.name}, ${place}: ${status}, not ${expected}: ${JSON.stringify(body)}`,
            );
          }
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("lists hold what the caller may read, and nothing else", async () => {
    for (const route of routes) {
      const listing = listings[route.name];
      if (listing === undefined || listing === null) continue;
      for (const holder of world.holders) {
        const { status, body } = await server.call<{ items: Record<string, unknown>[] }>(
          "GET",
          `${route.path}?limit=1000`,
          {
            token: holder.token,
          },
        );
        const place = `${route.name} as ${holder.name}`;
        if (!permitsSomewhere(holder, "read")) {
          assert.equal(status, 403, place);
          continue;
        }
        for (const side of [world.inside, world.outside]) {
          const { key, value } = listing.of(side);
          const isThere = body.items.some((item) => item[key] === value);
          assert.equal(isThere, has(holder, "read", listing.about, side === world.inside), `${place}: ${value}`);
        }
        const isLimited = holder.on !== "everything";
        if (isLimited && !has(holder, "read", listing.about, true)) assert.deepEqual(body.items, [], place);
      }
    }
  });

  test("what is done to many jobs is done to those that the caller may work, and says nothing of those it may not read", async () => {
    for (const holder of world.holders) {
      for (const action of ["stop", "retry"]) {
        const jobIds = [world.inside.jobId, world.outside.jobId];
        const { status, body } = await server.call<{ items: { jobId: string; outcome: string }[] }>(
          "POST",
          `/api/jobs/${action}`,
          { token: holder.token, body: { jobIds, dryRun: true } },
        );
        if (!permitsSomewhere(holder, "operate")) {
          assert.equal(status, 403, holder.name);
          continue;
        }
        for (const [jobId, isInside] of [
          [world.inside.jobId, true],
          [world.outside.jobId, false],
        ] as const) {
          const { outcome } = body.items.find((item) => item.jobId === jobId) ?? { outcome: "none" };
          const place = `${action} as ${holder.name}: ${outcome}`;
          assert.equal(outcome === "not-found", !has(holder, "read", "runbook", isInside), place);
        }
      }
    }
  });

  test("the events of a job are told to those who may read it", async () => {
    for (const holder of world.holders) {
      for (const side of [world.inside, world.outside]) {
        const gone = new AbortController();
        const { status } = await fetch(`${server.url}/api/events?topics=job:${side.jobId}`, {
          headers: { authorization: `Bearer ${holder.token}` },
          signal: gone.signal,
        });
        gone.abort();
        const expected = expectedOf({ permission: "read", about: "runbook" }, holder, side === world.inside);
        assert.ok(expected.includes(status), `${holder.name}: ${status}, not ${expected}`);
      }
    }
  });

  test("a right is good at once, and gone at once", async () => {
    const nobody = world.holders.find(({ role }) => role === null);
    const { token = "", principalId = "" } = nobody ?? {};
    const path = `/api/runbooks/${world.inside.runbook}`;
    assert.equal((await server.call("GET", path, { token })).status, 403);
    const right = { principal: principalId, role: "reader", on: `folder:${world.inside.folder}` };
    const given = await server.call<{ rightId: string }>("POST", "/api/rights", { body: right });
    assert.equal((await server.call("GET", path, { token })).status, 200);
    assert.equal((await server.call("PATCH", path, { token, body: { description: "x" } })).status, 403);
    assert.equal((await server.call("DELETE", `/api/rights/${given.body.rightId}`)).status, 204);
    assert.equal((await server.call("GET", path, { token })).status, 403);
  });

  async function call(route: Route, { token }: Holder, of: Case, side: Side) {
    const params = of.params?.(side) ?? {};
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(params[name] ?? randomUUID()),
    );
    const query = of.query === undefined ? "" : `?${of.query(side)}`;
    const body = of.body?.(side) ?? (route.body === undefined ? undefined : {});
    return server.call(route.method, path + query, {
      token,
      ...(body !== undefined && { body }),
      headers: { ...(of.stale === true && { "if-match": '"999999"' }) },
    });
  }
});

function has({ role, on }: Holder, permission: Permission, about: About, isInside: boolean): boolean {
  const scopes = isInside ? covering[about] : (["everything"] as const);
  return role !== null && on !== null && permitted[role].includes(permission) && scopes.some((scope) => scope === on);
}

function permitsSomewhere({ role }: Holder, permission: Permission): boolean {
  return role !== null && permitted[role].includes(permission);
}

/** The status; 200 stands for whatever is no refusal. */
function expectedOf(of: Case, holder: Holder, isInside: boolean): number[] {
  if (!permitsSomewhere(holder, of.permission)) {
    return [403];
  }
  if (of.isUnknown === true) {
    return of.hides === false ? [403, 404] : [200, 404];
  }
  if (has(holder, of.permission, of.about, isInside)) {
    return [200];
  }
  return of.hides === false || has(holder, "read", of.about, isInside) ? [403] : [404];
}

/** The same table that the server mounts; nothing behind it is called here. */
function tableOfRoutes(): Route[] {
  const anything: unknown = new Proxy(() => undefined, { get: () => anything, apply: () => anything });
  return apiRoutes({
    features: anything as Features,
    store: anything as Store,
    metrics: anything as ServiceMetrics,
    version: "0",
    isClosing: () => false,
  });
}
