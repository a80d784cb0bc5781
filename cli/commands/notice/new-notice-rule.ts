import type { NoticeRuleResource } from "../../../src/contract/api/notice.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { noticeRuleOptions, readNoticeRule } from "../../parameters/notice-rule.ts";
import { noticeRuleView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "new-notice-rule",
  summary: "tell somebody, by web hook or mail, when jobs fail or are late, or workers are lost",
  description:
    "Makes a notice rule. Without --event it tells of failed and missed jobs, missed schedules, lost workers and certificates that end soon. Within its throttle (5m) it tells of one event of one runbook or worker once, and counts what comes meanwhile. Secrets are files of the service's --notice-secrets, so that no command line and no database holds them; mail needs the service's --mail-settings.",
  arguments: [{ name: "RULE", help: "the rule's name" }],
  options: noticeRuleOptions,
  examples: [
    { line: "new-notice-rule ops --mail ops@example.org,night@example.org", does: "failures and lost workers by mail" },
    {
      line: "new-notice-rule deploy --event job-failed --runbook Deploy --web-hook https://example.org/hook --signing-secret deploy",
      does: "one runbook, signed",
    },
    {
      line: "new-notice-rule slow --event job-running-long --running-long-after 1h --tag night --mail ops@example.org",
      does: "jobs of the tag that run for more than an hour",
    },
  ],
  async run(invocation) {
    const settings = readNoticeRule(invocation);
    if (settings["target"] === undefined) {
      throw new UserError("usage", "The rule has no target.", {
        remedy: "Give one: --web-hook URL, --web-hook-secret NAME or --mail ADDRESSES.",
      });
    }
    const body = { name: invocation.argument(0), ...settings };
    const rule = await connect().post<NoticeRuleResource>("/api/notice-rules", body);
    await printRow(rule, noticeRuleView, invocation.output);
    return exitCodes.completed;
  },
};
