import type {
  ConcurrencyPolicy,
  Isolation,
  RunbookResource,
  RunbookSettings,
} from "../../../src/contract/api/runbook.ts";
import { concurrencyPolicies, isolations } from "../../../src/contract/api/runbook.ts";
import { UserError } from "../../../src/contract/user-error.ts";
import { parseGrants } from "../../../src/language/needs.ts";
import type { Command, Invocation } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { parseDuration, parseSize } from "../../output/quantities.ts";
import { parsePriority } from "../../parameters/priority.ts";
import { runbookView } from "../../views/runbook-view.ts";
import { splitTags } from "./import-runbook.ts";

type Changes = Partial<RunbookSettings> & { folder?: string | null; runAs?: string };

const logNames = ["verbose", "debug", "progress"] as const;

/** What an administrator must know who lets jobs share hosts. */
const hostReuseText = [
  "With --isolation runbook a host serves one job after another of the same version, grants, service account and starter (with",
  "--share-callers: whoever starts them), for a fraction of what a new host costs. Each job begins with a fresh module or",
  "runspace, with environment and working folder as at the start, with an empty /tmp and without a process of an earlier job.",
  "What those jobs share, so that it is no border between them: the process and its memory; in TypeScript the built-in objects",
  "and Node's modules, which are checked after each job; in PowerShell the static state of .NET, and types and assemblies that",
  "scripts load. A job with a secret parameter always has a host of its own, and so has one with the grant processes or a",
  "grant below /tmp. A host ends after many jobs or some minutes, and after any job that does not complete, exits, or leaves",
  "something behind. Whoever may give grants may set this.",
].join(" ");

export const command: Command = {
  name: "set-runbook",
  summary: "change a runbook's settings",
  description: [
    "Changes the settings that are named and leaves the others. Durations are written as 30s, 5m, 2h, 1d; sizes as 64KiB, 100MiB.",
    hostReuseText,
  ].join("\n\n"),
  arguments: [{ name: "NAME", help: "the runbook's name or id" }],
  options: [
    {
      flags: "--grant <grants>",
      help: 'what its jobs may see, all of it: "network path:/var/log:rw processes socket:/run/x"; or none',
    },
    {
      flags: "--isolation <isolation>",
      help: "job: a host of its own for each job; runbook: hosts are reused, see above",
      choices: isolations,
    },
    { flags: "--share-callers", help: "with --isolation runbook: hosts also go from one starter's job to another's" },
    { flags: "--folder <path>", help: "the folder that it goes into; or none" },
    {
      flags: "--run-as <principal>",
      help: "whom its jobs act as, so that they may use what it may: user:NAME, group:NAME, service-principal:NAME",
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
    { flags: "--worker-group <group>", help: "the worker group that runs it: short for --prefer group:GROUP" },
    {
      flags: "--prefer <list>",
      help: "groups and workers that run it, in order; the first with a free slot: group:fast,worker:web-1",
    },
    { flags: "--stand-by <list>", help: "groups and workers for when those are gone; or none" },
    { flags: "--stand-by-after <duration>", help: "how long they must be gone; 60s by default" },
    { flags: "--require-tags <a,b>", help: "tags that a worker must have, all of them; or none" },
    { flags: "--priority <number>", help: "of its jobs, -100 to 100; the larger goes first" },
  ],
  examples: [
    { line: "set-runbook Get-DiskSpace --isolation runbook", does: "let its jobs share hosts" },
    { line: 'set-runbook Compress-Log --grant "path:/var/log:rw"', does: "let its jobs write /var/log" },
    {
      line: "set-runbook Get-DiskSpace --time-limit 5m --concurrency-limit 1 --concurrency-policy refuse",
      does: "limits",
    },
    { line: "set-runbook Get-DiskSpace --logs verbose,progress", does: "record these streams too" },
    {
      line: "set-runbook Restart --prefer group:site-a,group:site-b --stand-by group:cloud --stand-by-after 5m",
      does: "where its jobs run, in order",
    },
    { line: "set-runbook Restart --prefer worker:web-1", does: "on this worker and no other" },
    {
      line: "set-runbook Restart --folder Ops --run-as service-principal:ops",
      does: "its folder, and whom its jobs act as",
    },
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

function changesOf(invocation: Invocation): Changes {
  const changes: Changes = {};
  const set = (option: string, apply: (text: string) => void) => {
    const text = invocation.text(option);
    if (text !== undefined) apply(text);
  };
  set("grant", (text) => {
    changes.grants = isNone(text) ? [] : parseGrants(text);
  });
  set("isolation", (text) => {
    changes.isolation = text as Isolation;
    changes.shareCallers = false;
  });
  if (invocation.flag("share-callers")) changes.shareCallers = true;
  set("folder", (text) => {
    changes.folder = isNone(text) ? null : text;
  });
  set("run-as", (text) => {
    changes.runAs = text;
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
    changes.runOn = [`group:${text}`];
  });
  set("prefer", (text) => {
    changes.runOn = splitTags(text);
  });
  set("stand-by", (text) => {
    changes.standBys = isNone(text) ? [] : splitTags(text);
  });
  set("stand-by-after", (text) => {
    changes.standByAfter = parseDuration(text);
  });
  set("require-tags", (text) => {
    changes.requiredTags = isNone(text) ? [] : splitTags(text);
  });
  set("priority", (text) => {
    changes.priority = parsePriority(text);
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
