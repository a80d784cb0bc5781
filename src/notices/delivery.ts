import type { StoredNotice, StoredNoticeRule } from "../store/operations/notices.ts";

/** A notice on its way to a target. */
export interface Delivery {
  notice: StoredNotice;
  rule: StoredNoticeRule;
  installationId: string;
  /** Runsmith's. */
  version: string;
  /** Aborted when its time is over, or the service ends. */
  signal: AbortSignal;
}

/** How an attempt went. */
export interface DeliveryResult {
  outcome: "delivered" | "failed";
  /** HTTP status or SMTP reply code; null when it did not come to one. */
  statusCode: number | null;
  /** For a person; null where the code says all. */
  detail: string | null;
}
