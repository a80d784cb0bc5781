import { permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import type { RunbookGate } from "../access/runbook-gate.ts";
import { visibleTo } from "../access/visible-to.ts";
import type { NoticeResource, NoticeStatus } from "../contract/api/notice.ts";
import type { Page } from "../contract/api/page.ts";
import type { NoticesFeature } from "./notices-feature.ts";
import { noticeNotFound } from "./notices-feature.ts";

/**
 * Notices as callers may read them: those about runbooks and workers that they may read. Rules, and how deliveries went, are
 * administrators' business: an address may be a secret.
 */
export class CallersNotices {
  readonly #notices: NoticesFeature;
  readonly #gate: RunbookGate;

  constructor(notices: NoticesFeature, gate: RunbookGate) {
    this.#notices = notices;
    this.#gate = gate;
  }

  /** Newest first. @throws UserError `notice-rule-not-found` (404), `invalid-page-key` */
  list(
    of: { rule?: string; status?: NoticeStatus; after?: string; limit: number },
    caller: Principal,
  ): Promise<Page<NoticeResource>> {
    const visible = visibleTo(caller);
    return this.#notices.listNotices(visible === null ? of : { ...of, visibleTo: visible });
  }

  /** @throws UserError `notice-not-found` (404) */
  async get(noticeId: string, caller: Principal): Promise<NoticeResource> {
    const { notice, aboutId } = await this.#notices.noticeAbout(noticeId);
    const group = notice.facts.worker?.group;
    const isVisible =
      (group !== undefined && permits(caller, "read", { kind: "worker-group", name: group })) ||
      (await this.#gate.permits(caller, "read", aboutId));
    if (!isVisible) {
      throw noticeNotFound(noticeId);
    }
    return notice;
  }
}
