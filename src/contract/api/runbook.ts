import type { Grant } from "../grant.ts";
import type { LogSwitches } from "../log-switches.ts";
import type { Problem } from "../problem.ts";
import type { RunbookKind } from "../runbook-kind.ts";
import type { Signature } from "../signature.ts";
import type { Placement } from "./placement.ts";

/** What a further request does when a runbook's jobs are at its limit. */
export const concurrencyPolicies = ["wait", "refuse", "replace"] as const;
export type ConcurrencyPolicy = (typeof concurrencyPolicies)[number];

/**
 * What separates a runbook's jobs from each other: `job`, a host of its own for each; `runbook`, one host may serve one job
 * after another of the same version, grants, service account and starter.
 */
export const isolations = ["job", "runbook"] as const;
export type Isolation = (typeof isolations)[number];

/** The settings of a runbook that people change; every one has a default. */
export interface RunbookSettings extends Placement {
  description: string;
  tags: string[];
  enabled: boolean;
  logs: LogSwitches;
  grants: Grant[];
  isolation: Isolation;
  /** With `isolation: runbook`: a host also goes from one starter's job to another's. */
  shareCallers: boolean;
  /** Of its jobs, where nothing else is said at their start; the larger goes first. */
  priority: number;
  /** Milliseconds a job may run; null means without limit. */
  timeLimit: number | null;
  /** Milliseconds a job may wait for its start; null means without limit. */
  startDeadline: number | null;
  /** Jobs at once; null means without limit. */
  concurrencyLimit: number | null;
  concurrencyPolicy: ConcurrencyPolicy;
  /** How often a job may be handed to a worker (lost workers and hosts count, failures of the script do not). */
  attempts: number;
  /** How often a job is run again after its script failed. */
  retries: number;
  /** Milliseconds between asking the script to end and killing it. */
  stopGrace: number;
  /** Bytes of output of one job, after which the rest is cut. */
  outputLimit: number;
}

/** A runbook version as the API shows it. */
export interface RunbookVersionResource {
  versionId: string;
  runbookId: string;
  number: number;
  state: "draft" | "published" | "former";
  /** `waiting`: no worker can analyse this kind now. */
  analysis: "done" | "waiting";
  signature: Signature | null;
  problems: Problem[];
  /** Grants the script states it needs, written form. */
  needs: string[];
  /** Names that it may call other runbooks by, as the script writes them. */
  calls: string[];
  synopsis: string;
  /** SHA-256 of the file's bytes, hexadecimal. */
  contentHash: string;
  size: number;
  createdAt: string;
  createdBy: string;
  publishedAt: string | null;
}

/** The principal that a runbook's jobs act as. */
export interface RunbookRunAs {
  principalId: string;
  /** user, group, service-principal; null, as the name, when it is gone. */
  kind: string | null;
  name: string | null;
  /** Whether jobs can be started for it: false when it is disabled or gone. */
  enabled: boolean;
}

/** A runbook as the API shows it. The ETag of the resource is `"<revision>"`. */
export interface RunbookResource extends RunbookSettings {
  runbookId: string;
  name: string;
  kind: RunbookKind;
  /** The folder that it is in, and its path; null in none. */
  folderId: string | null;
  folder: string | null;
  /** Null before it was published or anybody was named: its jobs may use no assets. */
  runAs: RunbookRunAs | null;
  draft: RunbookVersionResource | null;
  published: RunbookVersionResource | null;
  createdAt: string;
  modifiedAt: string;
  modifiedBy: string;
  revision: number;
}
