import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { ScheduleLinkResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { parsePriority } from "../../parameters/priority.ts";
import { readParameters } from "../../parameters/read-parameters.ts";
import { scheduleLinkView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "set-schedule-link",
  summary: "change how a schedule starts a runbook, or enable or disable that",
  description:
    "Changes the settings that are named. Parameters are replaced as a whole. A link that is enabled runs from its next time on.",
  arguments: [{ name: "LINK", help: "the link's id; get-schedule-link lists them" }],
  options: [
    { flags: "-p, --parameter <name=value>", help: "a parameter; once for each", many: true },
    { flags: "--parameters-file <file>", help: "parameters as JSON or YAML; - for standard input" },
    { flags: "--priority <number>", help: "-100 to 100, or runbook for the runbook's" },
    { flags: "--enable", help: "start the runbook again" },
    { flags: "--disable", help: "start it no more, and keep the link" },
  ],
  examples: [{ line: "set-schedule-link 0199… --disable", does: "start that runbook no more for a while" }],
  async run(invocation) {
    const api = connect();
    const path = `/api/schedule-links/${encodeURIComponent(invocation.argument(0))}`;
    const enable = invocation.flag("enable");
    if (enable && invocation.flag("disable")) {
      throw new UserError("usage", "--enable and --disable contradict each other.");
    }
    const body: Record<string, unknown> = {};
    if (enable || invocation.flag("disable")) body["enabled"] = enable;
    const priority = invocation.text("priority");
    if (priority !== undefined) body["priority"] = priority === "runbook" ? null : parsePriority(priority);
    const given = invocation.list("parameter");
    const file = invocation.text("parameters-file");
    if (given.length > 0 || file !== undefined) {
      const { runbookId } = await api.get<ScheduleLinkResource>(path);
      const runbook = await api.get<RunbookResource>(`/api/runbooks/${runbookId}`);
      body["parameters"] = await readParameters(runbook.published?.signature ?? null, given, file);
    }
    if (Object.keys(body).length === 0) {
      throw new UserError("nothing-to-set", "No setting was named, so nothing changes.", {
        remedy: "See `npx runsmith set-schedule-link --help` for the settings.",
      });
    }
    const link = await api.call<ScheduleLinkResource>("PATCH", path, { body });
    await printRow(link, scheduleLinkView, invocation.output);
    return exitCodes.completed;
  },
};
