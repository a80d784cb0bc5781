import type { IncomingMessage } from "node:http";
import type { JobResource } from "../../src/contract/api/job.ts";
import type { StreamName } from "../../src/contract/stream.ts";
import type { OutputFormat } from "../command.ts";
import type { ApiClient } from "../connection/api-client.ts";
import { exitCodeOfStatus, exitCodes } from "../exit-codes.ts";
import { exceptionLine } from "../views/job-view.ts";
import { followJob } from "./follow-job.ts";
import { onInterruption } from "./interruption.ts";
import { RecordPrinter } from "./record-printer.ts";
import { tellSuspended } from "./tell-suspended.ts";

/**
 * Prints a job's output live until it rests, and says the exit code. Ctrl-C detaches: the job goes on.
 * Under `json` each record is a line of JSON on standard output.
 * @param streams The streams to print; all when null.
 * @param begun As in `jobEvents`.
 */
export async function printJobLive(
  api: ApiClient,
  jobId: string,
  streams: ReadonlySet<StreamName> | null,
  format: OutputFormat,
  begun?: IncomingMessage,
): Promise<number> {
  const interruption = onInterruption();
  const printer = new RecordPrinter(streams);
  let attempt = 0;
  let told = "";
  try {
    const job = await followJob(
      api,
      jobId,
      {
        record: async (record) => {
          if (attempt !== 0 && record.attempt !== attempt) await printer.note(`attempt ${record.attempt} begins`);
          attempt = record.attempt;
          if (format !== "json") return await printer.print(record);
          if (streams === null || streams.has(record.stream)) process.stdout.write(`${JSON.stringify(record)}\n`);
        },
        job: async ({ status, statusReason }) => {
          if (status !== "New" || statusReason === null || statusReason === told) return;
          told = statusReason;
          await printer.note(`waiting: ${statusReason}`);
        },
      },
      interruption.signal,
      begun,
    );
    if (job === null) {
      await printer.note(
        `detached; the job goes on. Follow it: npx runsmith get-job-output ${jobId} --follow; stop it: npx runsmith stop-job ${jobId}`,
      );
      return exitCodes.interrupted;
    }
    await tellEnd(printer, job);
    if (job.status === "Suspended") await tellSuspended(api, job);
    return exitCodeOfStatus(job.status);
  } finally {
    printer.stop();
    interruption.release();
  }
}

async function tellEnd(printer: RecordPrinter, job: JobResource): Promise<void> {
  if (job.status === "Completed") return;
  const reason = job.exception === null ? job.statusReason : exceptionLine(job.exception);
  await printer.note(`job ${job.jobId} ${job.status}${reason === null ? "" : `: ${reason}`}`);
}
