import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openStore } from "./open-store.ts";
import type { Store } from "./store.ts";

/* For tests only. */

/** An empty folder that is gone after the test. */
export function temporaryDirectory(test: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runsmith-store-"));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store over a database of its own, closed and deleted after the test. */
export async function temporaryStore(test: TestContext): Promise<Store> {
  // Made by hand, for what is to be done first after the test must be said last before it.
  const directory = mkdtempSync(join(tmpdir(), "runsmith-store-"));
  const store = await openStore({ dataDirectory: directory });
  test.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return store;
}
