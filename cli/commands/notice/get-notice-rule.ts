import type { NoticeRuleResource } from "../../../src/contract/api/notice.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { noticeRuleView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "get-notice-rule",
  summary: "list the notice rules, or show one",
  arguments: [{ name: "RULE", help: "the rule's name or id", optional: true }],
  examples: [{ line: "get-notice-rule", does: "who is told of what, and which targets fail" }],
  async run(invocation) {
    const api = connect();
    const rule = invocation.argument(0);
    const path = "/api/notice-rules";
    if (rule === "") await printList(await api.list<NoticeRuleResource>(path), noticeRuleView, invocation.output);
    else {
      const found = await api.get<NoticeRuleResource>(`${path}/${encodeURIComponent(rule)}`);
      await printOne(found, noticeRuleView, invocation.output);
    }
    return exitCodes.completed;
  },
};
