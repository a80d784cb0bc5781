import type { NoticeDeliveryResource } from "../../../src/contract/api/notice.ts";
import type { Page } from "../../../src/contract/api/page.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList } from "../../output/print.ts";
import { noticeDeliveryView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "get-notice-delivery",
  summary: "list the attempts to deliver a notice",
  arguments: [{ name: "ID", help: "the notice's id" }],
  examples: [{ line: "get-notice-delivery 0195e7c4-…", does: "when it was tried, and how that went" }],
  async run(invocation) {
    const path = `/api/notices/${encodeURIComponent(invocation.argument(0))}/deliveries`;
    const { items } = await connect().get<Page<NoticeDeliveryResource>>(path);
    await printList(items, noticeDeliveryView, invocation.output);
    return exitCodes.completed;
  },
};
