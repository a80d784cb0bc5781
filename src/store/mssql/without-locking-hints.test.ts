import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ownMigrationsDirectory, readMigrations } from "../migrations.ts";
import { crowd } from "../testing/crowd.ts";
import { checkInvariants } from "../testing/job-invariants.ts";
import { sharedDatabaseTest, sqlServerOfTests, temporaryStoreOptions } from "../testing/temporary-store.ts";
import type { MssqlJobsDatabase } from "./jobs-database.ts";
import { openMssqlJobsDatabase } from "./jobs-database.ts";

const hints = / WITH \((?:(?:READPAST|UPDLOCK|ROWLOCK|READCOMMITTEDLOCK)(?:, )?)+\)/g;

/** Procedures that have locking hints, as the migrations leave them: their last text, by name. */
function hintedProcedures(): Map<string, string> {
  const procedures = new Map<string, string>();
  for (const { sql } of readMigrations(ownMigrationsDirectory("mssql"))) {
    for (const batch of sql.split(/^GO$/m)) {
      const text = /^(?:CREATE|ALTER) PROCEDURE (\S+)[\s\S]*/m.exec(batch);
      if (text?.[1] !== undefined) procedures.set(text[1], text[0]);
    }
  }
  return new Map([...procedures].filter(([, text]) => text.search(hints) >= 0));
}

/** Services over one database whose procedures have no locking hints, until the end of the test. */
async function servicesWithoutHints(t: TestContext, count: number): Promise<MssqlJobsDatabase[]> {
  const { databaseUrl = "" } = await temporaryStoreOptions(t);
  const services = await Promise.all(Array.from({ length: count }, () => openMssqlJobsDatabase(databaseUrl)));
  const connection = (await sqlServerOfTests()).connectionOfTestDatabase(databaseUrl);
  const procedures = hintedProcedures();
  assert.ok(procedures.has("runsmith.ClaimJobs"), "claims have hints to leave out");
  const write = async (textOf: (text: string) => string) => {
    for (const [name, text] of procedures) {
      await connection.request().batch(`DROP PROCEDURE ${name}`);
      await connection.request().batch(textOf(text).replace(/^ALTER/, "CREATE"));
    }
  };
  t.after(() => write((text) => text));
  await write((text) => text.replaceAll(hints, ""));
  return services;
}

sharedDatabaseTest("claims, fences and leases are right without their locking hints", async (t) => {
  await crowd(await servicesWithoutHints(t, 3));
});

sharedDatabaseTest(
  "a job that many services claim at once without locking hints is given out once, and leases are renewed meanwhile",
  async (t) => {
    const services = await servicesWithoutHints(t, 4);
    const [first] = services;
    assert.ok(first !== undefined);
    const runbook = await first.addRunbook();
    const jobs = await first.startMany(runbook, 40);
    const workers = await Promise.all(services.map((service) => service.addWorker({ slots: 40 })));
    const claimed = await Promise.all(
      services.map(async (service, index) => {
        const worker = workers[index] ?? assert.fail();
        const own = [];
        for (let turn = 0; turn < 20; turn += 1) {
          own.push(...(await service.claim(worker, 5)));
          const leases = { usual: worker.lease, byGroup: {} };
          const { renewed } = await service.operations.renewLeases({ workers: [worker], leases });
          assert.equal(renewed.length, 1);
        }
        return own;
      }),
    );
    const given = claimed.flat();
    assert.deepEqual(given.map(({ jobId }) => jobId).toSorted(), jobs.toSorted());
    // Ends come twice, as after a reconnect to another service, and one of each counts.
    const ends = await Promise.all(
      given.flatMap((attempt, index) =>
        [0, 1].map((turn) => (services[(index + turn) % services.length] ?? first).end(attempt)),
      ),
    );
    assert.equal(ends.flatMap(({ effects }) => effects.ended).length, jobs.length);
    await checkInvariants(first, "when all have ended");
  },
);
