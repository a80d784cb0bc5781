import type { Analysis } from "../../contract/analysis.ts";
import type { RunbookRunAs, RunbookSettings } from "../../contract/api/runbook.ts";
import type { Problem } from "../../contract/problem.ts";
import type { RunbookKind } from "../../contract/runbook-kind.ts";
import type { Signature } from "../../contract/signature.ts";

/** A runbook version without its text. */
export interface StoredRunbookVersion {
  versionId: string;
  runbookId: string;
  /** Numbered from 1 within the runbook; every saved text has a number of its own, so published ones may leave gaps. */
  number: number;
  state: "draft" | "published" | "former";
  analysis: "done" | "waiting";
  signature: Signature | null;
  problems: Problem[];
  needs: string[];
  /** Names of other runbooks that it may call inside itself. */
  calls: string[];
  synopsis: string;
  /** SHA-256 of the file's bytes, hexadecimal. */
  contentHash: string;
  /** Bytes of the file. */
  size: number;
  createdAt: number;
  createdBy: string;
  publishedAt: number | null;
}

/** A runbook with its draft and its published version. */
export interface StoredRunbook extends RunbookSettings {
  runbookId: string;
  name: string;
  kind: RunbookKind;
  /** The folder that it is in, and its path; null in none. */
  folderId: string | null;
  folder: string | null;
  /** The principal that its jobs act as; null before one was set. */
  runAs: RunbookRunAs | null;
  draft: StoredRunbookVersion | null;
  published: StoredRunbookVersion | null;
  createdAt: number;
  modifiedAt: number;
  modifiedBy: string;
  /** Grows by one with each change. */
  revision: number;
}

/** What the start of a job must know. */
export interface RunbookToStart {
  runbookId: string;
  name: string;
  kind: RunbookKind;
  enabled: boolean;
  folderId: string | null;
  runAs: RunbookRunAs | null;
  /** Where its jobs wait. */
  placementId: string;
  /** Null when the runbook has no such version (no draft, or never published). */
  version: {
    versionId: string;
    number: number;
    analysis: "done" | "waiting";
    /** Null while the analysis is waiting, or when the script does not parse. */
    signature: Signature | null;
    /** Names of other runbooks that it may call inside itself. */
    calls: string[];
    /** Problems of severity `error`; a script with one of them has no executable text. */
    errors: Problem[];
  } | null;
}

/** A script that waits until something can analyse its kind. */
export interface VersionToAnalyse {
  versionId: string;
  runbookId: string;
  runbookName: string;
  kind: RunbookKind;
  /** The file's own bytes. */
  source: Uint8Array;
}

/** Which version of a runbook: by its role, or by its number. */
export type VersionName = "draft" | "published" | number;

/** Runbooks that may be shown, with their jobs and what else is theirs: those in these folders, and these. */
export interface VisibleRunbooks {
  folderIds: readonly string[];
  runbookIds: readonly string[];
}

/** `runbook` is an id or a name everywhere; names count without regard to (ASCII) case. */
export interface RunbookReads {
  runbook(of: { runbook: string }): StoredRunbook | null;

  /**
   * Runbooks by name. `name` finds a part of the name, or with `*` in it a whole name with wildcards; `tag` is one whole tag;
   * `folderId` is a folder that they are in, `runAs` the principal that their jobs act as, `visibleTo` the only ones to be shown; `after` is the `next` of the page before.
   */
  runbooks(of: {
    name?: string;
    tag?: string;
    folderId?: string;
    runAs?: string;
    visibleTo?: VisibleRunbooks;
    after?: string;
    limit: number;
  }): {
    items: StoredRunbook[];
    next: string | null;
  };

  /** The versions of a runbook, newest first; `after` is the `next` of the page before. Null when there is no such runbook. */
  runbookVersions(of: { runbook: string; after?: string; limit: number }): {
    items: StoredRunbookVersion[];
    next: string | null;
  } | null;

  runbookVersion(of: { runbook: string; version: VersionName }): StoredRunbookVersion | null;

  /** The file's own bytes of a version, and what it is. */
  runbookVersionContent(of: { runbook: string; version: VersionName }): {
    name: string;
    kind: RunbookKind;
    number: number;
    contentHash: string;
    source: Uint8Array;
  } | null;

  /** The folder of a runbook; null when there is no such runbook. */
  runbookPlace(of: { runbookId: string }): { folderId: string | null } | null;

  /** What the start of a job must know of the published version, or of the draft; null when there is no such runbook. */
  runbookToStart(of: { runbook: string; draft: boolean }): RunbookToStart | null;

  /** Scripts waiting for their analysis, oldest first; `after` is a version id. */
  versionsToAnalyse(of: { kind?: RunbookKind; after?: string; limit: number }): VersionToAnalyse[];
}

/** What every change of a runbook carries. */
export interface RunbookChange {
  runbook: string;
  /** Name of the principal. */
  changedBy: string;
  /** The revision that the caller saw; refused with `revision-mismatch` (412) when it is not the current one. */
  expectedRevision?: number;
}

/**
 * Every write that names a runbook throws UserError `runbook-not-found` (404) when there is none,
 * and `revision-mismatch` (412) when `expectedRevision` is not its revision.
 */
export interface RunbookWrites {
  /**
   * Creates a runbook with a draft, or, with `overwrite`, saves the text as the draft of the runbook of that name.
   * A text that is the runbook's draft already, or its published version while there is no draft, makes no new version.
   * An unfinished analysis of that text (`unfinishedAnalysisCodes`) is replaced by the new one, or waits again.
   * `settings` are applied to a new runbook over the `defaults`, and to an existing one as a change.
   * `analysis` is null when nothing can analyse this kind now: the version then waits.
   * A runbook that was never published becomes of the kind of its new draft, where hosts of its kind run that, too.
   * @throws UserError `runbook-exists` (409) without `overwrite`; `runbook-kind-differs` (409).
   */
  importRunbook(runbook: {
    name: string;
    kind: RunbookKind;
    source: Uint8Array;
    analysis: Analysis | null;
    overwrite: boolean;
    settings: Partial<RunbookSettings>;
    /** The folder that it is to be in; left out, a new runbook is in none and another one stays where it is. */
    folderId?: string | null;
    /** Of new runbooks only; what it leaves out is as the schema says. */
    defaults?: Partial<RunbookSettings>;
    changedBy: string;
  }): { runbook: StoredRunbook; created: boolean };

  /**
   * Saves a text as the draft; a draft that is there is replaced. Jobs already accepted keep the text they were started with.
   * @throws UserError `runbook-kind-differs` (409), as `importRunbook` does.
   */
  saveDraft(draft: RunbookChange & { kind: RunbookKind; source: Uint8Array; analysis: Analysis | null }): StoredRunbook;

  /** Stores what a late analysis found; false when the version is gone or was analysed already. */
  saveAnalysis(of: { versionId: string; analysis: Analysis }): boolean;

  /**
   * Makes the draft the published version; the one published before becomes history.
   * `draftVersionId` is the draft that the caller looked at; `grants` and `runAs` (a principal's id) replace the runbook's.
   * @throws UserError `runbook-has-no-draft` (409), `draft-changed` (409), `analysis-waiting` (409),
   * `runbook-has-problems` (422, all of them in `errors`).
   */
  publishRunbook(
    of: RunbookChange & { draftVersionId?: string; grants?: RunbookSettings["grants"]; runAs?: string },
  ): StoredRunbook;

  /**
   * Throws the draft away.
   * @throws UserError `runbook-has-no-draft` (409), `runbook-not-published` (409) when the draft is all there is.
   */
  discardDraft(of: RunbookChange): StoredRunbook;

  /** Changes the settings that are given, the folder, and the principal that its jobs act as. */
  changeRunbook(
    change: RunbookChange & { settings: Partial<RunbookSettings>; folderId?: string | null; runAs?: string | null },
  ): StoredRunbook;

  /**
   * Deletes a runbook with all its versions; its ended jobs stay as history.
   * @throws UserError `runbook-has-open-jobs` (409).
   */
  deleteRunbook(of: RunbookChange): void;

  /** Deletes texts of replaced drafts that no open job can need any more, at most `limit`; gives their number. */
  purgeReplacedDrafts(of: { limit: number }): number;
}
