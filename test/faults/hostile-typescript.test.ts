import { after, before, describe, test } from "node:test";
import { skipUnless } from "../support/requires.ts";
import { HostileJobs } from "./hostile-jobs.ts";
import { hostileScripts } from "./hostile-scripts.ts";

describe("a hostile TypeScript script ends truthfully, and nothing of it is left", {
  ...skipUnless("bubblewrap"),
  concurrency: 3,
}, () => {
  let jobs: HostileJobs | undefined;
  before(async () => {
    jobs = await HostileJobs.start("TypeScript");
  });
  after(async () => {
    try {
      await jobs?.assertOthersUnharmed();
    } finally {
      await jobs?.[Symbol.asyncDispose]();
    }
  });
  for (const script of hostileScripts.filter(({ bodies }) => bodies.TypeScript !== undefined)) {
    test(`one that ${script.does}`, () => jobs?.run(script));
  }
});
