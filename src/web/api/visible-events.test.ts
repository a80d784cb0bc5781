import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventReader } from "../testing/event-reader.ts";
import type { Holder, RightsWorld } from "../testing/rights-world.ts";
import { makeRightsWorld, must } from "../testing/rights-world.ts";
import { TestServer } from "../testing/test-server.ts";

describe("who may read a folder's runbooks", () => {
  let server: TestServer;
  let world: RightsWorld;
  let reader: Holder;

  before(async () => {
    server = await TestServer.start();
    world = await makeRightsWorld(server);
    const found = world.holders.find(({ name }) => name === "reader of folder");
    assert.ok(found !== undefined);
    reader = found;
  });
  after(() => server.close());

  const start = async (runbook: string) =>
    (await must<{ jobId: string }>(server, "POST", "/api/jobs", { runbook }, 201)).jobId;

  test("is told of their jobs' changes and of no others, until the right is taken away", async () => {
    const events = await EventReader.open({ url: server.url, token: reader.token }, "topics=jobs");
    const unseen = await start(world.outside.runbook);
    const seen = await start(world.inside.runbook);
    await events.until(({ data }) => data["jobId"] === seen);
    assert.ok(!events.events.some(({ data }) => data["jobId"] === unseen));
    const { body } = await server.call<{ items: { rightId: string }[] }>(
      "GET",
      `/api/rights?principal=${reader.principalId}`,
    );
    await server.call("DELETE", `/api/rights/${body.items[0]?.rightId}`);
    await events.over();
    const right = { principal: reader.principalId, role: "reader", on: `folder:${world.inside.folder}` };
    await must(server, "POST", "/api/rights", right, 201);
  });

  test("is not told of a job by its id that may not be read, alone or among others", async () => {
    for (const topics of [
      `job:${world.outside.jobId}`,
      `jobs,job:${world.outside.jobId}`,
      `job:${world.inside.jobId},job:${world.outside.jobId}`,
    ]) {
      const answer = await server.call("GET", `/api/events?topics=${topics}`, { token: reader.token });
      assert.deepEqual([answer.status, answer.body.type], [404, "job-not-found"], topics);
    }
  });

  test("sees the holds of them and of everything, and what other rights show to others", async () => {
    const subjects = [
      { scope: "all" },
      { scope: "runbook", name: world.inside.runbook },
      { scope: "runbook", name: world.outside.runbook },
      { scope: "group", name: world.inside.group },
    ];
    for (const subject of subjects) await must(server, "POST", "/api/dispatch/hold", subject, 200);
    const names = async (token: string) => {
      const { body } = await server.call<{ items: { name: string | null }[] }>("GET", "/api/dispatch", { token });
      return new Set(body.items.map(({ name }) => name));
    };
    assert.deepEqual(await names(reader.token), new Set([null, world.inside.runbook]));
    const ofGroup = world.holders.find(({ name }) => name === "operator of worker-group");
    assert.deepEqual(await names(ofGroup?.token ?? ""), new Set([null, world.inside.group]));
    for (const subject of subjects) await must(server, "POST", "/api/dispatch/release", subject, 200);
  });

  test("does not see who else has rights; who administers the folder does, of that folder", async () => {
    assert.equal((await server.call("GET", "/api/rights", { token: reader.token })).status, 403);
    const administrator = world.holders.find(({ name }) => name === "administrator of folder");
    const { body } = await server.call<{ items: { on: { kind: string; name: string } }[] }>("GET", "/api/rights", {
      token: administrator?.token ?? "",
    });
    assert.deepEqual(new Set(body.items.map(({ on }) => on.kind)), new Set(["folder", "runbook"]));
    assert.ok(body.items.every(({ on }) => [world.inside.folder, world.inside.runbook].includes(on.name)));
    const beyond = { principal: reader.principalId, role: "reader", on: "everything" };
    const given = await server.call("POST", "/api/rights", { token: administrator?.token ?? "", body: beyond });
    assert.equal(given.status, 403);
  });
});
