import type { NoticeRuleResource } from "../../../src/contract/api/notice.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { noticeRuleOptions, readNoticeRule } from "../../parameters/notice-rule.ts";
import { noticeRuleView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "set-notice-rule",
  summary: "change a notice rule, or switch it on or off",
  description:
    "Changes the settings that are named and leaves the others; a target is replaced as a whole. Switching a rule off cancels what waits for its delivery.",
  arguments: [{ name: "RULE", help: "the rule's name or id" }],
  options: [
    ...noticeRuleOptions,
    { flags: "--enable", help: "switch it on" },
    { flags: "--disable", help: "switch it off" },
  ],
  examples: [
    { line: "set-notice-rule ops --throttle 30m", does: "tell less often" },
    { line: "set-notice-rule ops --disable", does: "tell nothing" },
  ],
  async run(invocation) {
    const enable = invocation.flag("enable");
    if (enable && invocation.flag("disable")) {
      throw new UserError("usage", "--enable and --disable contradict each other.");
    }
    const body = {
      ...readNoticeRule(invocation),
      ...(enable || invocation.flag("disable") ? { enabled: enable } : {}),
    };
    if (Object.keys(body).length === 0) {
      throw new UserError("nothing-to-set", "No setting was named, so nothing changes.", {
        remedy: "See `npx runsmith set-notice-rule --help` for the settings.",
      });
    }
    const path = `/api/notice-rules/${encodeURIComponent(invocation.argument(0))}`;
    const rule = await connect().call<NoticeRuleResource>("PATCH", path, { body });
    await printRow(rule, noticeRuleView, invocation.output);
    return exitCodes.completed;
  },
};
