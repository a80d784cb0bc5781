import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { NoticeResource } from "../../contract/api/notice.ts";
import { silentLogger } from "../../contract/logger.ts";
import type { TestService } from "../../jobs/testing.ts";
import { startService, TestWorker } from "../../jobs/testing.ts";
import { soleLeader } from "../../services/duty-leader.ts";
import type { NoticesFeature, NoticesOptions } from "../notices-feature.ts";
import { createNoticesFeature } from "../notices-feature.ts";

/* For tests only: notices over the service's side of jobs. */

export interface NoticeService extends TestService {
  notices: NoticesFeature;
  /** Runs a job to its end as Failed; gives its id. */
  fail(runbook: string, message?: string): Promise<string>;
  /** Waits until so many notices are in this state, newest first. */
  untilNotices(count: number, status: NoticeResource["status"]): Promise<NoticeResource[]>;
}

/** A folder that is gone after the test. */
export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "runsmith-notices-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Notices over the store of a service; who starts them stops them. */
export function startNotices(
  service: Pick<TestService, "store">,
  options: Partial<NoticesOptions> = {},
): NoticesFeature {
  const notices = createNoticesFeature({
    store: service.store,
    logger: silentLogger,
    leadership: soleLeader,
    version: "0",
    mail: null,
    secretsFolder: null,
    interval: 5,
    lateInterval: 5,
    pauseAfter: () => 1,
    ...options,
  });
  notices.start();
  return notices;
}

export async function startNoticeService(
  test: TestContext,
  options: Partial<NoticesOptions> & { leaseDuration?: number } = {},
): Promise<NoticeService> {
  let notices: NoticesFeature | undefined;
  // What is to be done first after the test must be said first.
  test.after(() => notices?.stop());
  const { leaseDuration, ...noticeOptions } = options;
  const service = await startService(test, leaseDuration === undefined ? {} : { leaseDuration });
  const started = startNotices(service, noticeOptions);
  notices = started;
  let worker: Promise<TestWorker> | undefined;
  return {
    ...service,
    notices: started,
    async fail(runbook, message = "it broke") {
      worker ??= service.newWorker().then(({ token }) => TestWorker.connect(test, service, { token }));
      const connected = await worker;
      const { jobId } = await service.start(runbook);
      const frame = await connected.next("run-job");
      connected.end(frame, { outcome: "Failed", exception: { name: "Error", message } });
      await service.until(jobId, "Failed");
      return jobId;
    },
    async untilNotices(count, status) {
      for (let look = 0; look < 2_000; look += 1) {
        const { items } = await started.listNotices({ status, limit: 100 });
        if (items.length >= count) {
          return items;
        }
        await sleep(5);
      }
      const { items } = await started.listNotices({ limit: 100 });
      throw new Error(`There never were ${count} notices ${status}: ${JSON.stringify(items)}`);
    },
  };
}
