import { once } from "node:events";
import type { JobStreamRecord, StreamName } from "../../../src/contract/stream.ts";
import { streamNames } from "../../../src/contract/stream.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import type { Command, Invocation } from "../../command.ts";
import type { ApiClient } from "../../connection/api-client.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printJobLive } from "../../follow/print-job.ts";
import type { View } from "../../output/print.ts";
import { printList } from "../../output/print.ts";

const recordView: View<JobStreamRecord> = {
  columns: [
    { title: "Record", value: ({ id }) => id },
    { title: "Time", value: ({ time }) => time },
    { title: "Stream", value: ({ stream }) => stream },
    { title: "Text", value: ({ text }) => text },
  ],
  name: ({ id }) => id,
};

export const command: Command = {
  name: "get-job-output",
  summary: "print what a job wrote",
  description:
    "Prints the job's Output as plain text, byte for byte; under --output json or yaml its records with time and value. With --follow it goes on until the job ends, and the exit code tells how it ended.",
  arguments: [{ name: "ID", help: "the job's id" }],
  options: [
    { flags: "--stream <stream>", help: `${streamNames.join(", ")}, or any for all of them`, default: "Output" },
    { flags: "--follow", help: "go on until the job ends; Ctrl-C detaches" },
  ],
  examples: [
    { line: "get-job-output 0195e7c4-… > report.txt", does: "its output as a file" },
    { line: "get-job-output 0195e7c4-… --stream any --follow", does: "all streams, live" },
    { line: "get-job-output 0195e7c4-… --stream error --output json", does: "error records with their values" },
  ],
  async run(invocation) {
    const api = connect();
    const id = invocation.argument(0);
    const stream = streamOf(invocation.text("stream") ?? "Output");
    if (invocation.flag("follow")) {
      return await printJobLive(api, id, stream === "any" ? null : new Set([stream]), invocation.output);
    }
    if (invocation.output === "table") await copyText(api, id, stream);
    else await printRecords(api, id, stream, invocation);
    return exitCodes.completed;
  },
};

function streamOf(text: string): StreamName | "any" {
  const found = [...streamNames, "any" as const].find((name) => name.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw new UserError("unknown-stream", `"${text}" is no stream.`, {
    remedy: `Name one of ${streamNames.join(", ")}, any.`,
  });
}

async function copyText(api: ApiClient, id: string, stream: StreamName | "any"): Promise<void> {
  const answer = await api.open("GET", `/api/jobs/${encodeURIComponent(id)}/output.txt?stream=${stream}`);
  for await (const chunk of answer) {
    if (!process.stdout.write(chunk as Buffer)) await once(process.stdout, "drain");
  }
}

async function printRecords(
  api: ApiClient,
  id: string,
  stream: StreamName | "any",
  invocation: Invocation,
): Promise<void> {
  const query = stream === "any" ? "" : `?stream=${stream}`;
  const records = await api.list<JobStreamRecord>(`/api/jobs/${encodeURIComponent(id)}/records${query}`);
  await printList(records, recordView, invocation.output);
}
