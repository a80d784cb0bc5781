import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { UserError } from "../contract/user-error.ts";
import type { RightOn } from "./operations/rights.ts";
import type { Store } from "./store.ts";
import { storeTest, temporaryStore } from "./testing/temporary-store.ts";

const everything: RightOn = { scope: "everything", id: null, name: null, assetKind: null };
const nobody = "0196f1c2-6c1e-7c3e-8f4a-3d0d6c2f9b11";

async function someone(store: Store, name: string) {
  const hash = createHash("sha256").update(randomBytes(32)).digest();
  const token = { hash, purpose: "test", expiresAt: null };
  const { principalId } = await store.write.createPrincipal({ kind: "user", name, roles: [], token });
  const rightsOf = async () => (await store.read.tokenHolder({ hash }))?.rights;
  return { principal: { principalId }, rightsOf };
}

const onFolder = (id: string): RightOn => ({ scope: "folder", id, name: null, assetKind: null });

function refusedWith(code: string) {
  return (error: unknown) => error instanceof UserError && error.code === code;
}

storeTest("a token's holder has its rights, one role on each thing, until they are taken", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const bob = await someone(store, "Bob");
  const group: RightOn = { scope: "worker-group", id: null, name: "dmz", assetKind: null };
  const asset: RightOn = { scope: "asset", id: nobody, name: null, assetKind: "credential" };
  for (const on of [everything, group, asset]) {
    assert.equal(
      (await store.write.giveRight({ ...ada.principal, role: "reader", on, givenBy: "root" })).created,
      true,
    );
  }
  const again = await store.write.giveRight({ ...ada.principal, role: "author", on: everything, givenBy: "root" });
  assert.equal(again.created, false);
  assert.equal(again.right.role, "author");
  assert.deepEqual(
    (await ada.rightsOf())?.toSorted((one, other) => one.scope.localeCompare(other.scope)),
    [
      { role: "reader", ...asset },
      { role: "author", ...everything },
      { role: "reader", ...group },
    ],
  );
  assert.deepEqual(await bob.rightsOf(), []);
  assert.deepEqual((await store.read.actingPrincipal(ada.principal))?.rights.length, 3);
  assert.equal(await store.read.actingPrincipal({ principalId: nobody }), null);
  assert.equal((await store.write.takeRight({ rightId: again.right.rightId }))?.role, "author");
  assert.equal(await store.write.takeRight({ rightId: again.right.rightId }), null);
  assert.equal((await ada.rightsOf())?.length, 2);
  await store.write.deletePrincipal(ada.principal);
  assert.deepEqual((await store.read.rights({ limit: 10 })).items, []);
  const gone = store.write.giveRight({ ...ada.principal, role: "reader", on: everything, givenBy: "root" });
  await assert.rejects(gone, refusedWith("principal-not-found"));
});

storeTest("a right on a folder is on the folders below, also on those that come later, and on no other", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const make = (name: string) => store.write.createFolder({ name, description: "", createdBy: "root" });
  const ops = await make("Ops");
  await make("Ops2");
  await make("Op_");
  await store.write.giveRight({ ...ada.principal, role: "operator", on: onFolder(ops.folderId), givenBy: "root" });
  const network = await make("ops/Network");
  const routers = await make("Ops/network/Routers");
  const held = (await ada.rightsOf())?.map(({ role, id }) => ({ role, id }));
  const ids = new Set([ops.folderId, network.folderId, routers.folderId]);
  assert.deepEqual(new Set(held?.map(({ id }) => id)), ids);
  assert.ok(held?.every(({ role }) => role === "operator"));
  const listed = await store.read.rights({ on: onFolder(ops.folderId), limit: 10 });
  assert.deepEqual(
    listed.items.map(({ principalName, on }) => [principalName, on.name]),
    [["Ada", "Ops"]],
  );
});

storeTest("members have the rights of their group, until it is disabled", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const { principalId: groupId } = await store.write.createPrincipal({ kind: "group", name: "Ops", roles: [] });
  await store.write.addGroupMember({ groupId, ...ada.principal, source: "", addedBy: "root" });
  await store.write.giveRight({ principalId: groupId, role: "operator", on: everything, givenBy: "root" });
  assert.deepEqual(await ada.rightsOf(), [{ role: "operator", ...everything }]);
  await store.write.changePrincipal({ principalId: groupId, enabled: false });
  assert.deepEqual(await ada.rightsOf(), []);
});

storeTest("a folder is removed when it is empty, and with it the rights on it", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const make = (name: string) => store.write.createFolder({ name, description: "", createdBy: "root" });
  await assert.rejects(make("Ops/Network"), refusedWith("folder-not-found"));
  const { folderId } = await make("Ops");
  await assert.rejects(make("OPS"), refusedWith("folder-exists"));
  await make("Ops/Network");
  await store.write.giveRight({ ...ada.principal, role: "reader", on: onFolder(folderId), givenBy: "root" });
  await assert.rejects(store.write.removeFolder({ folder: "ops" }), refusedWith("folder-not-empty"));
  await store.write.removeFolder({ folder: "Ops/Network" });
  const { runbook } = await store.write.importRunbook({
    name: "Restart",
    kind: "TypeScript",
    source: Buffer.from("export default () => 1"),
    analysis: null,
    overwrite: false,
    settings: {},
    folderId,
    changedBy: "root",
  });
  assert.deepEqual([runbook.folderId, runbook.folder], [folderId, "Ops"]);
  await assert.rejects(store.write.removeFolder({ folder: folderId }), refusedWith("folder-not-empty"));
  const moved = await store.write.changeRunbook({
    runbook: "Restart",
    settings: {},
    folderId: null,
    changedBy: "root",
  });
  assert.deepEqual([moved.folderId, moved.folder, moved.revision], [null, null, runbook.revision + 1]);
  await store.write.removeFolder({ folder: folderId });
  assert.deepEqual(await ada.rightsOf(), []);
  assert.equal(await store.read.folder({ folder: "Ops" }), null);
});

storeTest("folders are listed by their paths, those that are asked for alone", async (t) => {
  const store = await temporaryStore(t);
  const folders = [];
  for (const name of ["b", "a", "a/x", "c"]) {
    folders.push(await store.write.createFolder({ name, description: "", createdBy: "root" }));
  }
  const first = await store.read.folders({ limit: 3 });
  assert.deepEqual(
    first.items.map(({ name }) => name),
    ["a", "a/x", "b"],
  );
  assert.deepEqual(
    (await store.read.folders({ after: first.next ?? "", limit: 3 })).items.map(({ name }) => name),
    ["c"],
  );
  const some = [folders[0]?.folderId ?? "", folders[2]?.folderId ?? ""];
  assert.deepEqual(
    (await store.read.folders({ folderIds: some, limit: 3 })).items.map(({ name }) => name),
    ["a/x", "b"],
  );
  assert.deepEqual((await store.read.folders({ folderIds: [], limit: 3 })).items, []);
});

storeTest("what is removed leaves no rights on it", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const { runbook } = await store.write.importRunbook({
    name: "Restart",
    kind: "TypeScript",
    source: Buffer.from("export default () => 1"),
    analysis: null,
    overwrite: false,
    settings: {},
    changedBy: "root",
  });
  await store.write.setWorkerGroup({ name: "dmz", changedBy: "root" });
  const onRunbook: RightOn = { scope: "runbook", id: runbook.runbookId, name: null, assetKind: null };
  const onGroup: RightOn = { scope: "worker-group", id: null, name: "DMZ", assetKind: null };
  for (const on of [onRunbook, onGroup]) {
    await store.write.giveRight({ ...ada.principal, role: "operator", on, givenBy: "root" });
  }
  assert.equal((await store.read.rights({ on: onRunbook, limit: 1 })).items[0]?.on.name, "Restart");
  await store.write.deleteRunbook({ runbook: "Restart", changedBy: "root" });
  await store.write.removeWorkerGroup({ name: "dmz" });
  assert.deepEqual(await ada.rightsOf(), []);
});

storeTest("an asset, a schedule or a calendar leaves no rights on it when it is removed", async (t) => {
  const store = await temporaryStore(t);
  const ada = await someone(store, "Ada");
  const give = (id: string, assetKind: "variable" | "schedule") =>
    store.write.giveRight({
      ...ada.principal,
      role: "author",
      on: { scope: "asset", id, name: null, assetKind },
      givenBy: "root",
    });
  const variable = await store.write.createAsset({
    assetId: nobody,
    kind: "variable",
    name: "Count",
    description: "",
    content: { type: "number", encrypted: false, value: 1 },
    sealed: null,
    expiresAt: null,
    uses: [],
    changedBy: "root",
  });
  const calendar = await store.write.createCalendar({
    name: "holidays",
    description: "",
    timeZone: "UTC",
    windows: [],
    changedBy: "root",
  });
  const schedule = await store.write.createSchedule({
    name: "nightly",
    description: "",
    enabled: true,
    timeZone: "UTC",
    recurrence: { kind: "hours", every: 1 },
    startsAt: 0,
    expiresAt: null,
    exceptDates: [],
    calendarIds: [],
    jitter: 0,
    misfire: { rule: "skip" },
    missedAfter: 60_000,
    changedBy: "root",
  });
  await give(variable.assetId, "variable");
  await give(calendar.calendarId, "schedule");
  await give(schedule.scheduleId, "schedule");
  assert.equal((await ada.rightsOf())?.length, 3);
  await store.write.removeAsset({
    kind: "variable",
    assetId: variable.assetId,
    force: false,
    expectedRevision: variable.revision,
  });
  await store.write.removeCalendar({ calendar: "holidays" });
  await store.write.removeSchedule({ schedule: "nightly" });
  assert.deepEqual(await ada.rightsOf(), []);
  assert.deepEqual((await store.read.rights({ limit: 10 })).items, []);
});
