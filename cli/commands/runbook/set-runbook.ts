import type { ConcurrencyPolicy, RunbookResource, RunbookSettings } from "../../../src/contract/api/runbook.ts";
import { concurrencyPolicies } from "../../../src/contract/api/runbook.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { parseGrants } from "../../../src/language/needs.ts";
import type { Command, Invocation } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { parseDuration, parseSize } from "../../output/quantities.ts";
import { runbookView } from "../../views/runbook-view.ts";
import { splitTags } from "./import-runbook.ts";

const logNames = ["verbose", "debug", "progress"] as const;

export const command: Command = {
  name: "set-runbook",
  summary: "change a runbook's settings",
  description:
    "Changes the settings that are named and leaves the others. Durations are written as 30s, 5m, 2h, 1d; sizes as 64KiB, 100MiB.",
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  options: [
    {
      flags: "--grant <grants>",
      help: 'what its jobs may see, all of it: "network path:/var/log:rw processes socket:/run/x"; or none',
    },
    { flags: "--description <text>", help: "what it is for" },
    { flags: "--tags <a,b>", help: "its tags, all of them; or none" },
    { flags: "--logs <switches>", help: `streams recorded beside the usual ones: ${logNames.join(",")}; or none` },
    { flags: "--time-limit <duration>", help: "how long a job may run; or none" },
    { flags: "--start-deadline <duration>", help: "how long a job may wait for its start; or none" },
    { flags: "--concurrency-limit <number>", help: "how many jobs at once; or none" },
    { flags: "--concurrency-policy <policy>", help: "what a further job does then", choices: concurrencyPolicies },
    { flags: "--attempts <number>", help: "how often a job is handed to a worker when workers are lost" },
    { flags: "--retries <number>", help: "how often a job is run again after its script failed" },
    { flags: "--stop-grace <duration>", help: "how long a stopped script has to end by itself" },
    { flags: "--output-limit <size>", help: "output of a job after which the rest is cut" },
    { flags: "--worker-group <group>", help: "the workers that run it" },
  ],
  examples: [
    { line: 'set-runbook Compress-Log --grant "path:/var/log:rw"', does: "let its jobs write /var/log" },
    {
      line: "set-runbook Get-DiskSpace --time-limit 5m --concurrency-limit 1 --concurrency-policy refuse",
      does: "limits",
    },
    { line: "set-runbook Get-DiskSpace --logs verbose,progress", does: "record these streams too" },
  ],
  async run(invocation) {
    const changes = changesOf(invocation);
    if (Object.keys(changes).length === 0) {
      throw new UserError("nothing-to-set", "No setting was named, so nothing changes.", {
        remedy: "See `npx runsmith set-runbook --help` for the settings.",
      });
    }
    const path = `/api/runbooks/${encodeURIComponent(invocation.argument(0))}`;
    const runbook = await connect().call<RunbookResource>("PATCH", path, { body: changes });
    await printRow(runbook, runbookView, invocation.output);
    return exitCodes.completed;
  },
};

function changesOf(invocation: Invocation): Partial<RunbookSettings> {
  const changes: Partial<RunbookSettings> = {};
  const set = (option: string, apply: (text: string) => void) => {
    const text = invocation.text(option);
    if (text !== undefined) apply(text);
  };
  set("grant", (text) => {
    changes.grants = isNone(text) ? [] : parseGrants(text);
  });
  set("description", (text) => {
    changes.description = text;
  });
  set("tags", (text) => {
    changes.tags = isNone(text) ? [] : splitTags(text);
  });
  set("logs", (text) => {
    changes.logs = switchesOf(text);
  });
  set("time-limit", (text) => {
    changes.timeLimit = isNone(text) ? null : parseDuration(text);
  });
  set("start-deadline", (text) => {
    changes.startDeadline = isNone(text) ? null : parseDuration(text);
  });
  set("concurrency-limit", (text) => {
    changes.concurrencyLimit = isNone(text) ? null : wholeNumber("concurrency-limit", text);
  });
  set("concurrency-policy", (text) => {
    changes.concurrencyPolicy = text as ConcurrencyPolicy;
  });
  set("attempts", (text) => {
    changes.attempts = wholeNumber("attempts", text);
  });
  set("retries", (text) => {
    changes.retries = wholeNumber("retries", text);
  });
  set("stop-grace", (text) => {
    changes.stopGrace = parseDuration(text);
  });
  set("output-limit", (text) => {
    changes.outputLimit = parseSize(text);
  });
  set("worker-group", (text) => {
    changes.workerGroup = text;
  });
  return changes;
}

function isNone(text: string): boolean {
  return text.trim() === "" || text.trim().toLowerCase() === "none";
}

function switchesOf(text: string): RunbookSettings["logs"] {
  const named = isNone(text) ? [] : splitTags(text.toLowerCase());
  const unknown = named.find((name) => !(logNames as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UserError("unknown-log", `"${unknown}" is none of ${logNames.join(", ")}.`, {
      remedy: "Output, Error, Warning and Information are always recorded.",
    });
  }
  return { verbose: named.includes("verbose"), debug: named.includes("debug"), progress: named.includes("progress") };
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text.trim())) return Number(text);
  throw new UserError("invalid-number", `--${option} takes a whole number, not "${text}".`);
}
