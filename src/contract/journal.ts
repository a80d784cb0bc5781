/*
 * The journal of a job: what its attempts have done for good, so that a further attempt goes on from there. A script hears that an
 * entry is stored only when it is.
 *
 * A TypeScript runbook runs again from its start, and its entries answer the steps that were done. A PowerShell workflow goes on from
 * its checkpoint, which holds position and variables, and replaces the one before.
 */

/** `step`: done, with its result. The others are waits, which free the slot: for a person, a time, an event, an approval. */
export const journalKinds = ["step", "suspend", "time", "event", "approval"] as const;

export type JournalKind = (typeof journalKinds)[number];

/** What may end a wait, and who. */
export interface JournalWait {
  /** Milliseconds since the epoch: when it is over whatever has come; left out where it waits for as long as it takes. */
  until?: number;
  /** The name of the event. */
  event?: string;
  /** Why the job is suspended, or what is to be approved; for a person. */
  message?: string;
  /** Names of users and groups who may approve; whoever may operate the runbook when left out. */
  to?: string[];
}

/** What a wait came to. */
export interface JournalAnswer {
  /** It was over by its time. */
  timedOut?: boolean;
  /** An event's value. */
  value?: unknown;
  approved?: boolean;
  /** Who answered, and why. */
  by?: string;
  reason?: string;
  /** Milliseconds since the epoch. */
  at?: number;
}

export interface JournalEntry {
  /** Names it within its job, the same in each attempt: branch, kind, name, and which call of that name in its branch. */
  key: string;
  kind: JournalKind;
  name: string;
  /** The path of its branch, such as `backup/eu`; empty outside of branches. */
  branch: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Null: it is waited for; of a step, that its attempt ended before it was done, so that it is done again. */
  endedAt: number | null;
  /** A step's result as JSON; left out where it gave none. */
  result?: unknown;
  /** What a step in PowerShell gave, as PowerShell serialises it; then `result` only shows it. */
  cliXml?: string;
  /** The job that a step has started. Where that failed and the script with it, the step is to be done again: `endedAt` is null. */
  startedJob?: string;
  /** It was done again by a later attempt than the one that came to it first, and is kept behind what followed it there. */
  again?: boolean;
  /** It threw, and the script went on after that. `id` and `category`: of PowerShell's error record. */
  error?: { name: string; message: string; stack?: string; id?: string; category?: string };
  /** Another entry of its branch was under way at the same time. */
  beside?: boolean;
  wait?: JournalWait;
  answer?: JournalAnswer;
}

/** The longest key and name, in characters. */
export const longestStepKey = 400;

/** A checkpoint or the JSON of an entry holds at most so many characters. */
export const longestJournalItem = 4 * 1024 * 1024;

/** Something to be kept: an entry, or a checkpoint in place of the one before. */
export interface JournalItem {
  /** From 1 on in each attempt, without gaps. */
  sequence: number;
  entry?: JournalEntry;
  /** What the host made of its script's state. */
  checkpoint?: string;
  /** How an entry is shown: without secrets. */
  shown?: { name: string; result?: unknown; message?: string };
}

/** JSON Schema of a `JournalItem`. */
export const journalItemSchema = {
  type: "object",
  required: ["sequence"],
  properties: {
    sequence: { type: "integer", minimum: 1, maximum: 1_000_000_000 },
    checkpoint: { type: "string", maxLength: longestJournalItem },
    shown: {
      type: "object",
      required: ["name"],
      properties: { name: { type: "string" }, message: { type: "string" } },
    },
    entry: {
      type: "object",
      required: ["key", "kind", "name", "branch", "startedAt", "endedAt"],
      properties: {
        key: { type: "string", minLength: 1 },
        kind: { enum: journalKinds },
        name: { type: "string" },
        branch: { type: "string" },
        cliXml: { type: "string" },
        startedAt: { type: "number" },
        endedAt: { type: ["number", "null"] },
        error: {
          type: "object",
          required: ["name", "message"],
          properties: { name: { type: "string" }, message: { type: "string" } },
        },
        wait: {
          type: "object",
          properties: {
            until: { type: "number" },
            event: { type: "string" },
            message: { type: "string" },
            to: { type: "array", maxItems: 100, items: { type: "string" } },
          },
        },
      },
    },
  },
} as const;
