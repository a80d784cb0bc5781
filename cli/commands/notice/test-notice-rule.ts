import type { NoticeResource } from "../../../src/contract/api/notice.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printOne } from "../../output/print.ts";
import { noticeView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "test-notice-rule",
  summary: "deliver a test to a rule's target, and say how that went",
  description:
    "Delivers a test to the rule's target, once and at once, also when the rule is switched off. Exit code 1 when it was not delivered.",
  arguments: [{ name: "RULE", help: "the rule's name or id" }],
  examples: [{ line: "test-notice-rule ops", does: "see whether its notices arrive" }],
  async run(invocation) {
    const path = `/api/notice-rules/${encodeURIComponent(invocation.argument(0))}/test`;
    const notice = await connect().post<NoticeResource>(path);
    await printOne(notice, noticeView, invocation.output);
    return notice.status === "delivered" ? exitCodes.completed : exitCodes.failed;
  },
};
