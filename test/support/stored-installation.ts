import type { TestContext } from "node:test";
import { after, test } from "node:test";
import {
  connectionOfTestDatabase,
  dropTestDatabases,
  takeTestDatabase,
} from "../../src/store/testing/test-database.ts";
import type { InstallationOptions } from "./installation.ts";
import { Installation } from "./installation.ts";
import type { JobHistory } from "./job-history.ts";
import { sqliteHistory } from "./job-history.ts";
import { mssqlHistory } from "./mssql-history.ts";
import { skipUnless } from "./requires.ts";

/** An installation, and the history of its jobs wherever they are kept. */
export interface StoredInstallation extends AsyncDisposable {
  installation: Installation;
  /** Gives what is kept of the jobs to `look`, after the installation was stopped. */
  examine<T>(look: (history: JobHistory) => T): Promise<T>;
}

const stores = { SQLite: embedded, "SQL Server": onSqlServer };

/** A test of a whole system over the embedded database, and one over SQL Server where one is named. */
export function testOnStores(
  name: string,
  options: InstallationOptions,
  body: (stored: StoredInstallation, t: TestContext) => Promise<void>,
): void {
  for (const [store, install] of Object.entries(stores)) {
    const needs = store === "SQL Server" ? skipUnless("mssql") : {};
    test(`${name} (${store})`, needs, async (t) => {
      await using stored = await install(options);
      await body(stored, t);
    });
  }
}

async function embedded(options: InstallationOptions): Promise<StoredInstallation> {
  const installation = await Installation.start(options);
  return {
    installation,
    examine(look) {
      using history = sqliteHistory(installation.dataDirectory);
      return Promise.resolve(look(history));
    },
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

after(() => dropTestDatabases());

async function onSqlServer(options: InstallationOptions): Promise<StoredInstallation> {
  const database = await takeTestDatabase();
  const installation = await Installation.start({ ...options, databaseUrls: [database.url] });
  return {
    installation,
    examine: async (look) => look(await mssqlHistory(connectionOfTestDatabase(database.url))),
    async [Symbol.asyncDispose]() {
      await installation[Symbol.asyncDispose]();
      await database.release();
    },
  };
}
