import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DispatchHoldResource } from "../../contract/api/dispatch.ts";
import type { Page } from "../../contract/api/page.ts";
import type { NewWorkerResource, WorkerGroupResource, WorkerResource } from "../../contract/api/worker.ts";
import { TestServer } from "../testing/test-server.ts";

describe("operators manage workers, groups and dispatch", () => {
  let server: TestServer;

  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  test("a worker is found by its name or id, and its group and tags are changed", async () => {
    const body = { name: "web-1", group: "dmz", tags: ["ssd", "SSD "] };
    const made = await server.call<NewWorkerResource>("POST", "/api/workers", { body });
    assert.deepEqual([made.status, made.body.tags], [201, ["ssd"]]);
    const changed = await server.call<WorkerResource>("PATCH", "/api/workers/WEB-1", {
      body: { tags: ["gpu"], group: "DMZ" },
    });
    assert.deepEqual([changed.status, changed.body.tags, changed.body.group], [200, ["gpu"], "dmz"]);
    const { body: same } = await server.call<WorkerResource>("GET", `/api/workers/${made.body.workerId.toUpperCase()}`);
    assert.equal(same.name, "web-1");
    for (const [action, admission] of [
      ["cordon", "cordoned"],
      ["drain", "draining"],
      ["uncordon", "open"],
    ]) {
      const answer = await server.call<WorkerResource>("POST", `/api/workers/web-1/${action}`);
      assert.deepEqual([answer.status, answer.body.admission], [200, admission]);
    }
    assert.equal((await server.call("POST", "/api/workers/none/cordon")).status, 404);
    assert.equal((await server.call("PATCH", "/api/workers/web-1", { body: {} })).status, 400);
    assert.equal((await server.call("PATCH", "/api/workers/web-1", { body: { tags: ["a,b"] } })).status, 400);
  });

  test("a group comes to be with its first worker or its first setting, and changes from the state that the caller saw", async () => {
    const listed = await server.call<Page<WorkerGroupResource>>("GET", "/api/worker-groups");
    assert.deepEqual(
      listed.body.items.map(({ name, workers }) => [name, workers]),
      [["dmz", 1]],
    );
    const made = await server.call<WorkerGroupResource>("PATCH", "/api/worker-groups/lab", {
      body: { description: "the lab", leaseDuration: 30_000 },
    });
    assert.deepEqual([made.status, made.body.leaseDuration, made.body.revision], [201, 30_000, 1]);
    const tag = made.headers.get("etag") ?? "";
    const change = (headers: Record<string, string>) =>
      server.call<WorkerGroupResource>("PATCH", "/api/worker-groups/LAB", { body: { leaseDuration: null }, headers });
    assert.deepEqual((await change({ "if-match": tag })).status, 200);
    assert.equal((await change({ "if-match": tag })).status, 412);
    assert.equal((await server.call("PATCH", "/api/worker-groups/a%20b", { body: { description: "" } })).status, 400);
    assert.equal((await server.call("DELETE", "/api/worker-groups/dmz")).status, 409);
    assert.equal((await server.call("DELETE", "/api/worker-groups/lab")).status, 204);
    assert.equal((await server.call("GET", "/api/worker-groups/lab")).status, 404);
  });

  test("dispatch is held and released, and holds are listed, shown at their group and counted", async () => {
    const hold = (body: object) => server.call<DispatchHoldResource>("POST", "/api/dispatch/hold", { body });
    assert.equal((await hold({ scope: "group", name: "dmz", reason: "switch" })).body.heldBy, "administrator");
    assert.equal((await hold({ scope: "all" })).status, 200);
    assert.equal((await hold({ scope: "runbook", name: "none" })).status, 404);
    assert.equal((await hold({ scope: "group" })).status, 400);
    assert.equal((await hold({ scope: "host", name: "x" })).status, 400);
    const { body } = await server.call<Page<DispatchHoldResource>>("GET", "/api/dispatch");
    assert.deepEqual(
      body.items.map(({ scope, name }) => [scope, name]),
      [
        ["all", null],
        ["group", "dmz"],
      ],
    );
    const metrics = await server.call("GET", "/metrics");
    assert.match(metrics.bytes.toString(), /runsmith_dispatch_held\{scope="group",name="dmz"\} 1/);
    const release = (of: object) => server.call("POST", "/api/dispatch/release", { body: of });
    assert.equal((await release({ scope: "all" })).status, 200);
    assert.equal((await release({ scope: "all" })).status, 409);
    const group = await server.call<WorkerGroupResource>("GET", "/api/worker-groups/dmz");
    assert.equal(group.body.held, "by administrator: switch");
  });

  test("where a runbook's jobs run is a setting that is checked and tidied", async () => {
    assert.equal((await server.import("one", "1")).status, 201);
    const change = (body: object) => server.call<Record<string, unknown>>("PATCH", "/api/runbooks/one", { body });
    const runOn = ["fast", "worker:web-1", "group:Fast"];
    const { body } = await change({ runOn, standBys: ["group:spare"], standByAfter: 5_000, priority: 7 });
    assert.deepEqual(
      [body["runOn"], body["standBys"], body["standByAfter"], body["priority"], body["requiredTags"]],
      [["group:fast", "worker:web-1"], ["group:spare"], 5_000, 7, []],
    );
    const kept = await change({ requiredTags: ["gpu"] });
    assert.deepEqual(kept.body["runOn"], ["group:fast", "worker:web-1"], "what is not named stays");
    for (const wrong of [{ runOn: [] }, { runOn: ["host:x"] }, { priority: 101 }, { standByAfter: -1 }]) {
      assert.equal((await change(wrong)).status, 400, JSON.stringify(wrong));
    }
  });
});
