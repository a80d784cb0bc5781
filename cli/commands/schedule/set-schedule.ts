import type { ScheduleResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { machineTimeZone } from "../../parameters/local-moment.ts";
import { readSchedule, scheduleOptions } from "../../parameters/schedule.ts";
import { scheduleView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "set-schedule",
  summary: "make a schedule, or change one",
  description:
    "Makes the schedule when there is none of that name, else changes the settings that are named. It starts nothing before a runbook is linked to it: start-runbook NAME --schedule SCHEDULE. Times are on the clock of its time zone.",
  arguments: [{ name: "NAME", help: "the schedule's name, or the id of one" }],
  options: scheduleOptions,
  examples: [
    { line: "set-schedule morning --daily 07:30 --time-zone Europe/Paris", does: "every day" },
    { line: "set-schedule reports --weekly mon,fri --at 08:00", does: "twice a week" },
    { line: "set-schedule closing --monthly last-weekday --at 18:00 --calendar holidays", does: "not on holidays" },
    { line: `set-schedule poll --cron "*/5 8-17 * * MON-FRI"`, does: "by a cron expression" },
    { line: "set-schedule poll --misfire skip --jitter 30s", does: "change what is named" },
  ],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    const former = await found(api, name);
    const timeZone = invocation.text("time-zone") ?? former?.timeZone ?? machineTimeZone();
    const settings = readSchedule(invocation, timeZone);
    if (former === null && settings["recurrence"] === undefined) {
      throw new UserError("usage", `There is no schedule ${name}, and nothing says when a new one is due.`, {
        remedy: "Give --once, --every, --daily, --weekly, --monthly or --cron.",
      });
    }
    if (Object.keys(settings).length === 0) {
      throw new UserError("nothing-to-set", "No setting was named, so nothing changes.", {
        remedy: "See `npx runsmith set-schedule --help` for the settings.",
      });
    }
    const schedule =
      former === null
        ? await api.post<ScheduleResource>("/api/schedules", { name, timeZone, ...settings })
        : await api.call<ScheduleResource>("PATCH", `/api/schedules/${former.scheduleId}`, { body: settings });
    await printRow(schedule, scheduleView, invocation.output);
    return exitCodes.completed;
  },
};

async function found(api: ApiClient, name: string): Promise<ScheduleResource | null> {
  try {
    return await api.get<ScheduleResource>(`/api/schedules/${encodeURIComponent(name)}`);
  } catch (error) {
    if (error instanceof UserError && error.code === "schedule-not-found") return null;
    throw error;
  }
}
