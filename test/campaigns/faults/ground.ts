import { setTimeout as sleep } from "node:timers/promises";
import { databaseProxy } from "../../../src/store/testing/database-proxy.ts";
import {
  connectionOfTestDatabase,
  dropTestDatabases,
  takeTestDatabase,
} from "../../../src/store/testing/test-database.ts";
import { Installation } from "../../support/installation.ts";
import type { JobHistory } from "../../support/job-history.ts";
import { sqliteHistory } from "../../support/job-history.ts";
import { mssqlHistory } from "../../support/mssql-history.ts";
import { Outages } from "../../support/outages.ts";
import type { DatabaseFault, FaultStore } from "./plan.ts";

/** What a run of faults stands on. */
export interface FaultGround extends AsyncDisposable {
  installation: Installation;
  /** Services over the store. */
  services: number;
  outages: Outages;
  /** Does this to what lies between services and database; resolves when all is well again. */
  breakDatabase(fault: DatabaseFault, of: { away: number; choice: number }): Promise<void>;
  /** After the installation was stopped: what is kept of its jobs. */
  history(): Promise<JobHistory>;
}

/** Of each worker, in milliseconds. */
export const lease = 6_000;

const server = ["--lease", `${lease / 1_000}s`];

/** Milliseconds that each packet takes longer while the database is slow, and for how long it is. */
const slowness = 100;
const slowTime = 4_000;

/** How late a call comes that overtakes nothing any more, in milliseconds. */
const lateness = 1_500;

/** What moves jobs on. */
const hotProcedures = ["AcceptJob", "ClaimJobs", "AppendStreamRecords", "CompleteJobs"].map(
  (name) => `runsmith.${name}`,
);

/** Whose answers are cut half-way: those, and of queries any. */
const cutAnswers = [...hotProcedures, "SELECT "];

/** One service over the embedded database, or two behind a load balancer over SQL Server, by way of a proxy that can fail. */
export async function openGround(store: FaultStore): Promise<FaultGround> {
  return store === "sqlite" ? await embeddedGround() : await sqlServerGround();
}

async function embeddedGround(): Promise<FaultGround> {
  const installation = await Installation.start({ server });
  let history: (JobHistory & Disposable) | undefined;
  return {
    installation,
    services: 1,
    outages: new Outages(1),
    breakDatabase: () => Promise.resolve(),
    history: () => {
      history = sqliteHistory(installation.dataDirectory);
      return Promise.resolve(history);
    },
    async [Symbol.asyncDispose]() {
      history?.[Symbol.dispose]();
      await installation[Symbol.asyncDispose]();
    },
  };
}

async function sqlServerGround(): Promise<FaultGround> {
  const database = await takeTestDatabase();
  const proxy = await databaseProxy(database.url);
  const close = async () => {
    await proxy[Symbol.asyncDispose]();
    await dropTestDatabases();
  };
  let installation: Installation;
  // Few connections: each fault makes all of them anew, and that is not what is tried here.
  const databaseUrl = `${proxy.url}${proxy.url.includes("?") ? "&" : "?"}poolSize=4`;
  try {
    installation = await Installation.start({ server, databaseUrls: [databaseUrl, databaseUrl] });
  } catch (error) {
    await close();
    throw error;
  }
  const outages = new Outages(2);
  return {
    installation,
    services: 2,
    outages,
    async breakDatabase(fault, { away, choice }) {
      const chosen = (names: readonly string[]) => names[Math.floor(choice * names.length)] ?? "";
      const procedure = chosen(hotProcedures);
      switch (fault) {
        case "database cut":
          outages.databaseGone()();
          proxy.cut();
          break;
        case "answer of a commit lost":
          proxy.loseCommitAnswers(1);
          break;
        case "answer of a procedure lost":
          proxy.loseAnswersOf(procedure, 1);
          break;
        case "answer cut half-way":
          proxy.cutWithinAnswersOf(chosen(cutAnswers), 1);
          break;
        case "call of a procedure late":
          proxy.deliverLate(procedure, lateness);
          break;
        case "database slow":
          proxy.delay(slowness);
          await sleep(slowTime);
          // That cuts all connections.
          outages.databaseGone()();
          proxy.delay(0);
          break;
        case "database away": {
          const isBack = outages.databaseGone();
          await proxy.close();
          await sleep(away);
          await proxy.reopen();
          isBack();
        }
      }
    },
    history: () => mssqlHistory(connectionOfTestDatabase(database.url)),
    async [Symbol.asyncDispose]() {
      await installation[Symbol.asyncDispose]();
      await close();
    },
  };
}
