import type { JobResource } from "../../../src/contract/api/job.ts";
import type { RunbookResource } from "../../../src/contract/api/runbook.ts";
import type { ScheduleLinkResource } from "../../../src/contract/api/schedule.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodeOfStatus, exitCodes } from "../../exit-codes.ts";
import { followJob } from "../../follow/follow-job.ts";
import { onInterruption } from "../../follow/interruption.ts";
import { printJobLive } from "../../follow/print-job.ts";
import { startFollowed } from "../../follow/start-followed.ts";
import { tellSuspended } from "../../follow/tell-suspended.ts";
import { printRow } from "../../output/print.ts";
import { parsePriority } from "../../parameters/priority.ts";
import { readParameters } from "../../parameters/read-parameters.ts";
import { jobView } from "../../views/job-view.ts";
import { scheduleLinkView } from "../../views/schedule-view.ts";

export const command: Command = {
  name: "start-runbook",
  summary: "start a runbook",
  description:
    "Starts the published version and prints the job. Values of -p are JSON where they parse as JSON, else text. A required secret parameter is asked on the terminal, or read from --parameters-file.",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  options: [
    { flags: "-p, --parameter <name=value>", help: "a parameter; once for each", many: true },
    { flags: "--parameters-file <file>", help: "parameters as JSON or YAML; - for standard input" },
    { flags: "--priority <number>", help: "-100 to 100, the larger goes first; the runbook's when left out" },
    { flags: "--schedule <name>", help: "not now, but at each time of this schedule" },
    { flags: "--draft", help: "the draft in place of the published version" },
    { flags: "--wait", help: "wait for the job's end; the exit code tells how it ended" },
    { flags: "--follow", help: "print its output live; Ctrl-C detaches and the job goes on" },
  ],
  examples: [
    { line: "start-runbook Get-DiskSpace --follow", does: "start it and watch" },
    {
      line: `start-runbook Restart -p 'hosts=["a","b"]' -p service=nginx --wait`,
      does: "with parameters; exit code 0, 1, 3 or 4",
    },
    { line: "start-runbook Report --schedule morning -p days=7", does: "at each time of a schedule" },
    { line: "start-runbook Restart --parameters-file restart.yaml --output name", does: "only the job's id" },
  ],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    const draft = invocation.flag("draft");
    const priority = invocation.text("priority");
    const runbook = await api.get<RunbookResource>(`/api/runbooks/${encodeURIComponent(name)}`);
    const signature = (draft ? runbook.draft : runbook.published)?.signature ?? null;
    const parameters = await readParameters(
      signature,
      invocation.list("parameter"),
      invocation.text("parameters-file"),
    );
    const request = {
      runbook: runbook.runbookId,
      parameters,
      ...(draft ? { draft } : {}),
      ...(priority === undefined ? {} : { priority: parsePriority(priority) }),
    };
    const schedule = invocation.text("schedule");
    if (schedule !== undefined) {
      refuseWithSchedule(invocation);
      const link = await api.post<ScheduleLinkResource>("/api/schedule-links", { ...request, schedule });
      await printRow(link, scheduleLinkView, invocation.output);
      return exitCodes.completed;
    }
    if (invocation.flag("follow")) {
      const { jobId, events } = await startFollowed(api, request);
      if (process.stderr.isTTY) process.stderr.write(`job ${jobId}\n`);
      return await printJobLive(api, jobId, null, invocation.output, events);
    }
    const job = await api.post<JobResource>("/api/jobs", request);
    if (!invocation.flag("wait")) {
      await printRow(job, jobView, invocation.output);
      return exitCodes.completed;
    }
    const interruption = onInterruption();
    const ended = await followJob(api, job.jobId, {}, interruption.signal);
    interruption.release();
    await printRow(ended ?? job, jobView, invocation.output);
    if (ended?.status === "Suspended") await tellSuspended(api, ended);
    return ended === null ? exitCodes.interrupted : exitCodeOfStatus(ended.status);
  },
};

function refuseWithSchedule(invocation: Invocation): void {
  const refused = ["draft", "wait", "follow"].find((name) => invocation.flag(name));
  if (refused !== undefined) {
    throw new UserError("usage", `--${refused} goes with a start now, and --schedule starts the runbook later.`);
  }
}
