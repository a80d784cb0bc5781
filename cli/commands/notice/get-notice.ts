import type { NoticeResource } from "../../../src/contract/api/notice.ts";
import { noticeStatuses } from "../../../src/contract/api/notice.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { readLimit } from "../../parameters/limit.ts";
import { noticeView } from "../../views/notice-view.ts";

export const command: Command = {
  name: "get-notice",
  summary: "list notices, newest first, or show one",
  arguments: [{ name: "ID", help: "the notice's id", optional: true }],
  options: [
    { flags: "--rule <rule>", help: "only notices of this rule" },
    { flags: "--status <status>", help: "only notices in this state", choices: noticeStatuses },
    { flags: "--limit <number>", help: "at most so many", default: "50" },
  ],
  examples: [
    { line: "get-notice --status given-up", does: "what could not be delivered" },
    { line: "get-notice 0195e7c4-…", does: "one, with its jobs and times" },
  ],
  async run(invocation) {
    const api = connect();
    const id = invocation.argument(0);
    if (id !== "") {
      const notice = await api.get<NoticeResource>(`/api/notices/${encodeURIComponent(id)}`);
      await printOne(notice, noticeView, invocation.output);
      return exitCodes.completed;
    }
    const query = new URLSearchParams();
    for (const name of ["rule", "status"]) {
      const value = invocation.text(name);
      if (value !== undefined) query.set(name, value);
    }
    const limit = readLimit(invocation);
    await printList(await api.list<NoticeResource>(`/api/notices?${query}`, limit), noticeView, invocation.output);
    return exitCodes.completed;
  },
};
