import { setTimeout as delay } from "node:timers/promises";
import { permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { visibleTo } from "../access/visible-to.ts";
import type { Analysis } from "../contract/analysis.ts";
import type { RunbookSettings } from "../contract/api/runbook.ts";
import type { Grant } from "../contract/grant.ts";
import { looksLikeId } from "../contract/id.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";
import { hostKindOf } from "../contract/runbook-kind.ts";
import { UserError } from "../contract/user-error.ts";
import { formatGrants, missingGrants, parseGrants } from "../language/needs.ts";
import { kindOfScript } from "../language/powershell/kind-of-script.ts";
import { noSuchFolder } from "../store/folder-refusals.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { StoredRunbook, StoredRunbookVersion, VersionName } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";
import { refuseUnusableAssets } from "./named-assets.ts";
import { namedRunAs, publishedRunAs, soughtRunAs } from "./run-as.ts";
import { checkedRunbookName } from "./runbook-name.ts";
import {
  authorizeGrants,
  authorizeRunbook,
  authorizeSettings,
  folderToFill,
  permitsRunbook,
} from "./runbook-permits.ts";
import { checkedSettings } from "./runbook-settings.ts";
import type { ScriptAnalyser } from "./script-analyser.ts";
import { checkScriptSource, scriptText } from "./script-source.ts";
import { withoutPublishedCalls } from "./unpublished-calls.ts";

/** Who changes a runbook, and which revision they saw; a change is refused when it is not the current one. */
export interface ChangeContext {
  caller: Principal;
  expectedRevision?: number | undefined;
  /** Of a request that may be repeated: its first write is done once under this key. */
  idempotency?: IdempotencyKey | undefined;
}

export interface RunbookToImport {
  name: string;
  /** What the sender takes the text for; of which kind of PowerShell it is, the text says. */
  kind: RunbookKind;
  /** The file's own bytes. */
  source: Uint8Array;
  settings: Partial<RunbookSettings>;
  /** Id or path of the folder that it is to be in, null for none; left out, a new one is in none and another one stays where it is. */
  folder?: string | null;
  /** Save the text as the draft of the runbook of that name, if there is one. */
  overwrite: boolean;
  publish: boolean;
  /** Grant what the script states that it needs. */
  grantNeeded: boolean;
  /** Publish it although it names assets that its jobs may not use, or that are not there yet. */
  assetsLater?: boolean;
}

/** Which runbooks: those that fit everything that is named. */
export interface RunbooksQuery {
  /** A part of the name, or a whole name with `*` in it. */
  name?: string;
  tag?: string;
  /** Id or path of the folder that they are in. */
  folder?: string;
  /** Id or name of the principal that their jobs act as. */
  runAs?: string;
  after?: string;
  limit: number;
}

/** What is changed of a runbook beside its texts. */
export interface RunbookSettingsChange extends Partial<RunbookSettings> {
  /** Id or path of a folder; null for none. */
  folder?: string | null;
  /** Id or name of the principal that its jobs act as. */
  runAs?: string;
}

/** Told when a change is stored, so that others drop what they remember. */
export interface RunbookListener {
  changed(runbookId: string): void;
  /** Jobs that the former rule held may go on. */
  concurrencyChanged(runbookId: string): void;
}

type RunbookStore = Pick<Store, "read" | "write" | "once" | "isShared">;

/** A request to publish waits this long for a worker that can analyse the script, in milliseconds. */
const publishPatience = 10_000;

/** Between two looks whether another service has analysed it, in milliseconds. */
const analysisPause = 200;

/** The rules of runbooks: what may be imported, saved and published, by which name, with which grants. */
export class RunbooksFeature {
  readonly #store: RunbookStore;
  readonly #analyser: ScriptAnalyser;
  readonly #listener: RunbookListener;
  readonly #defaultGrants: Grant[];

  /** @param defaultGrants what a new runbook is granted before anybody grants it something */
  constructor(
    store: RunbookStore,
    analyser: ScriptAnalyser,
    listener: RunbookListener,
    defaultGrants: readonly Grant[] = [],
  ) {
    this.#store = store;
    this.#analyser = analyser;
    this.#listener = listener;
    this.#defaultGrants = parseGrants(formatGrants(defaultGrants));
  }

  /** @throws UserError `runbook-not-found` (404) */
  async get(runbook: string, caller: Principal): Promise<StoredRunbook> {
    const found = await this.#find(runbook);
    return permitsRunbook(caller, "read", found) ? withoutPublishedCalls(this.#store, found) : notFound(runbook);
  }

  /** By name, those that the caller may read. @throws UserError `folder-not-found` (404), and what `soughtRunAs` throws */
  async list({ folder, runAs, ...filter }: RunbooksQuery, caller: Principal) {
    const visible = visibleTo(caller);
    const folderId = folder === undefined ? undefined : await this.#folderId(folder, caller);
    const actor = runAs === undefined ? undefined : await soughtRunAs(this.#store, runAs, caller);
    if (actor === null) {
      return { items: [], next: null };
    }
    return this.#store.read.runbooks({
      ...filter,
      ...(folderId !== undefined && { folderId }),
      ...(actor !== undefined && { runAs: actor }),
      ...(visible !== null && { visibleTo: visible }),
    });
  }

  /** @throws UserError `runbook-not-found` (404) */
  async versions(runbook: string, page: { after?: string; limit: number }, caller: Principal) {
    await this.#refuseUnreadable(runbook, caller);
    return (await this.#store.read.runbookVersions({ runbook: key(runbook), ...page })) ?? notFound(runbook);
  }

  /** @throws UserError `runbook-not-found`, `runbook-version-not-found` (404) */
  async version(runbook: string, version: VersionName, caller: Principal): Promise<StoredRunbookVersion> {
    await this.#refuseUnreadable(runbook, caller);
    const found = await this.#store.read.runbookVersion({ runbook: key(runbook), version });
    return found ?? this.#versionNotFound(runbook, version);
  }

  /** The file's own bytes. @throws UserError `runbook-not-found`, `runbook-version-not-found` (404) */
  async content(runbook: string, version: VersionName, caller: Principal) {
    await this.#refuseUnreadable(runbook, caller);
    const found = await this.#store.read.runbookVersionContent({ runbook: key(runbook), version });
    return found ?? this.#versionNotFound(runbook, version);
  }

  /**
   * Imports a script as a draft, and publishes it if asked. What cannot be published stays a draft, and the error says so.
   * Who may edit a folder makes runbooks in it; outside of all folders who may edit everything.
   * @throws UserError of the name, of the bytes, `runbook-exists` (409), `folder-not-found` (404), `not-permitted` (403), and whatever
   * publishing throws
   */
  async import(given: RunbookToImport, context: ChangeContext): Promise<{ runbook: StoredRunbook; created: boolean }> {
    const name = checkedRunbookName(given.name);
    checkScriptSource(given.source);
    const settings = checkedSettings(given.settings);
    const { caller } = context;
    const existing = await this.#store.read.runbook({ runbook: name });
    // A repetition finds what its first request made.
    const isOverwritten = given.overwrite || context.idempotency !== undefined;
    if (existing !== null && !(isOverwritten && permitsRunbook(caller, "read", existing))) {
      throw runbookExists(name);
    }
    const folderId = await this.#folderOfImport(given, existing, caller);
    await authorizeSettings(this.#store, settings, existing, caller);
    const { source } = given;
    const kind = kindOfScript(given.kind, scriptText(source));
    const analysis = await this.#analyse(kind, name, source, given.publish);
    if (given.grantNeeded && !given.publish && analysis !== null) {
      settings.grants = stated(analysis.needs);
      const former = existing?.grants ?? this.#defaultGrants;
      authorizeGrants(settings.grants, former, caller);
    }
    const imported = await this.#writes(context).importRunbook({
      name,
      kind,
      source,
      analysis,
      // One that came meanwhile is not what was decided about.
      overwrite: given.overwrite && existing !== null,
      settings,
      defaults: { grants: this.#defaultGrants },
      ...(folderId !== undefined && { folderId }),
      changedBy: caller.name,
    });
    this.#listener.changed(imported.runbook.runbookId);
    if (!given.publish) {
      return imported;
    }
    if (context.idempotency !== undefined) {
      // A repetition was told of the first import: that draft may be published, or replaced, by now.
      const runbook = await this.#find(imported.runbook.runbookId);
      if (runbook.draft?.versionId !== imported.runbook.draft?.versionId) {
        return { runbook, created: imported.created };
      }
    }
    if (imported.runbook.draft === null) {
      // The text is the published one already.
      return given.grantNeeded ? { ...imported, runbook: await this.#grantNeeded(imported.runbook, caller) } : imported;
    }
    try {
      const runbook = await this.#publish(imported.runbook, given, { caller });
      return { runbook, created: imported.created };
    } catch (error) {
      throw error instanceof UserError ? draftStays(error) : error;
    }
  }

  /** @throws UserError `runbook-not-found` (404), `runbook-kind-differs` (409), `revision-mismatch` (412), of the bytes */
  async saveDraft(runbook: string, source: Uint8Array, context: ChangeContext): Promise<StoredRunbook> {
    checkScriptSource(source);
    const former = await this.#editable(runbook, context);
    const kind = kindOfScript(former.kind, scriptText(source));
    const analysis = await this.#analyse(kind, former.name, source, false);
    return this.#changed(this.#store.write.saveDraft({ ...change(runbook, context), kind, source, analysis }));
  }

  /** @throws UserError `runbook-not-found` (404), `revision-mismatch` (412), `runbook-has-no-draft` (409), … */
  async discardDraft(runbook: string, context: ChangeContext): Promise<StoredRunbook> {
    await this.#editable(runbook, context);
    return this.#changed(this.#store.write.discardDraft(change(runbook, context)));
  }

  /**
   * Makes the draft the published version. With `grantNeeded` the runbook's grants become what the script states it needs;
   * without, a script that needs more than its grants is refused. So is one that names assets which its jobs may not use, unless
   * `assetsLater` says that they will.
   * @throws UserError `runbook-not-found` (404), `not-permitted`, `run-as-not-permitted` (403), `runbook-has-no-draft`,
   * `analysis-waiting`, `grants-missing`, `assets-not-usable` (409),
   * `runbook-has-problems` (422)
   */
  async publish(
    runbook: string,
    { grantNeeded, assetsLater = false }: { grantNeeded: boolean; assetsLater?: boolean },
    context: ChangeContext,
  ): Promise<StoredRunbook> {
    return this.#publish(await this.#editable(runbook, context), { grantNeeded, assetsLater }, context);
  }

  /**
   * @throws UserError `runbook-not-found`, `folder-not-found`, `principal-not-found` (404), `revision-mismatch` (412), `invalid-grant`,
   * `not-permitted`, `run-as-not-permitted` (403)
   */
  async change(
    runbook: string,
    { folder, runAs, ...given }: RunbookSettingsChange,
    context: ChangeContext,
  ): Promise<StoredRunbook> {
    const { caller } = context;
    const former = await this.#editable(runbook, context);
    const settings = checkedSettings(given);
    await authorizeSettings(this.#store, settings, former, caller);
    const changed = await this.#changed(
      this.#store.write.changeRunbook({
        ...change(former.runbookId, context),
        settings,
        ...(folder !== undefined && { folderId: await folderToFill(this.#store, folder, caller) }),
        ...(runAs !== undefined && { runAs: await namedRunAs(this.#store, runAs, caller) }),
      }),
    );
    if (settings.concurrencyLimit !== undefined || settings.concurrencyPolicy !== undefined) {
      this.#listener.concurrencyChanged(changed.runbookId);
    }
    return changed;
  }

  /** @throws UserError `runbook-not-found` (404), `revision-mismatch` (412), `runbook-has-open-jobs` (409) */
  async remove(runbook: string, context: ChangeContext): Promise<void> {
    await this.#editable(runbook, context);
    return this.#store.write.deleteRunbook(change(runbook, context));
  }

  async #publish(
    runbook: StoredRunbook,
    { grantNeeded, assetsLater = false }: Pick<RunbookToImport, "grantNeeded" | "assetsLater">,
    context: ChangeContext,
  ): Promise<StoredRunbook> {
    const { draft } = await this.#analysed(runbook);
    const publication = {
      ...change(runbook.runbookId, context),
      ...(draft && { draftVersionId: draft.versionId }),
      runAs: publishedRunAs(runbook, context.caller),
    };
    const isReady = draft?.analysis === "done" && !draft.problems.some((problem) => problem.severity === "error");
    // A draft that is not ready is refused by the store, in the transaction that would publish it.
    if (!isReady) {
      return this.#changed(this.#writes(context).publishRunbook(publication));
    }
    const needs = stated(draft.needs);
    if (!assetsLater) {
      await refuseUnusableAssets(this.#store, runbook, publication.runAs, context.caller);
    }
    if (grantNeeded) {
      authorizeGrants(needs, runbook.grants, context.caller);
      return this.#changed(this.#writes(context).publishRunbook({ ...publication, grants: needs }));
    }
    const missing = missingGrants(needs, runbook.grants);
    if (missing.length > 0) {
      throw grantsMissing(runbook.name, missing);
    }
    return this.#changed(this.#writes(context).publishRunbook(publication));
  }

  /** Grants what the published version needs, where that is more than is granted. */
  async #grantNeeded(runbook: StoredRunbook, caller: Principal): Promise<StoredRunbook> {
    const needs = stated(runbook.published?.needs ?? []);
    if (missingGrants(needs, runbook.grants).length === 0) {
      return runbook;
    }
    return this.change(runbook.runbookId, { grants: needs }, { caller });
  }

  async #changed(change: Promise<StoredRunbook>): Promise<StoredRunbook> {
    const runbook = await change;
    this.#listener.changed(runbook.runbookId);
    return runbook;
  }

  #writes({ idempotency }: ChangeContext): Store["write"] {
    return idempotency === undefined ? this.#store.write : this.#store.once(idempotency);
  }

  async #analyse(kind: RunbookKind, name: string, source: Uint8Array, patient: boolean): Promise<Analysis | null> {
    const text = scriptText(source);
    const analysis = await this.#analyser.analyse(kind, name, text);
    // TypeScript needs nobody who comes later: without an analysis, the service is about to stop.
    const waits = patient && kind !== "TypeScript" && !this.#store.isShared;
    if (analysis !== null || !waits || !(await this.#available(kind))) {
      return analysis;
    }
    return this.#analyser.analyse(kind, name, text);
  }

  /** The runbook, when another service has analysed its draft: that one may have the workers who can. */
  async #analysed(runbook: StoredRunbook): Promise<StoredRunbook> {
    const until = performance.now() + publishPatience;
    let current = runbook;
    while (
      this.#store.isShared &&
      current.draft?.analysis === "waiting" &&
      current.draft.versionId === runbook.draft?.versionId &&
      performance.now() < until
    ) {
      await delay(analysisPause);
      current = await this.#find(runbook.runbookId);
    }
    return current;
  }

  /** Whether something that can analyse this kind comes before patience ends: at a start, workers are a moment late. */
  #available(kind: RunbookKind): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (found: boolean) => {
        clearTimeout(timer);
        unsubscribe();
        resolve(found);
      };
      const timer = setTimeout(() => settle(false), publishPatience);
      const unsubscribe = this.#analyser.onAvailable((available) => {
        if (available === hostKindOf[kind]) {
          settle(true);
        }
      });
    });
  }

  async #find(runbook: string): Promise<StoredRunbook> {
    return (await this.#store.read.runbook({ runbook: key(runbook) })) ?? notFound(runbook);
  }

  async #refuseUnreadable(runbook: string, caller: Principal): Promise<void> {
    if (!permits(caller, "read", { kind: "everything" })) {
      await this.get(runbook, caller);
    }
  }

  /** @throws UserError `runbook-not-found` (404), `not-permitted` (403) */
  async #editable(runbook: string, { caller }: ChangeContext): Promise<StoredRunbook> {
    const found = await this.get(runbook, caller);
    authorizeRunbook(caller, "edit", found);
    return found;
  }

  /** The folder of an imported runbook; undefined where it stays where it is. */
  async #folderOfImport(
    { folder }: RunbookToImport,
    existing: StoredRunbook | null,
    caller: Principal,
  ): Promise<string | null | undefined> {
    if (existing !== null) {
      authorizeRunbook(caller, "edit", existing);
      return folder === undefined ? undefined : folderToFill(this.#store, folder, caller);
    }
    return folderToFill(this.#store, folder ?? null, caller);
  }

  async #folderId(folder: string, caller: Principal): Promise<string> {
    const found = await this.#store.read.folder({ folder: folder.normalize("NFC") });
    if (found === null || !permits(caller, "read", { kind: "folder", folderId: found.folderId })) {
      throw noSuchFolder(folder);
    }
    return found.folderId;
  }

  async #versionNotFound(runbook: string, version: VersionName): Promise<never> {
    const { name } = await this.#find(runbook);
    const missing = typeof version === "number" ? `no version ${version}` : `no ${version} version`;
    throw new UserError("runbook-version-not-found", `The runbook ${name} has ${missing}.`, {
      status: 404,
      remedy: `List its versions at /api/runbooks/${encodeURIComponent(name)}/versions.`,
    });
  }
}

/** Ids in the form of the store; everything else is a name. */
function key(runbook: string): string {
  return looksLikeId(runbook) ? runbook.toLowerCase() : runbook.normalize("NFC");
}

function change(runbook: string, { caller, expectedRevision }: ChangeContext) {
  return { runbook: key(runbook), changedBy: caller.name, ...(expectedRevision !== undefined && { expectedRevision }) };
}

function stated(needs: readonly string[]): Grant[] {
  return parseGrants(needs.join(" "));
}

function notFound(runbook: string): never {
  throw new UserError("runbook-not-found", `There is no runbook ${runbook}.`, {
    status: 404,
    remedy: "Check the name: `npx runsmith get-runbook` lists all runbooks.",
  });
}

function runbookExists(name: string): UserError {
  return new UserError("runbook-exists", `There is a runbook ${name} already.`, {
    status: 409,
    remedy: "Import under another name, or with overwrite (--overwrite) to save the text as its draft.",
  });
}

function grantsMissing(name: string, missing: readonly Grant[]): UserError {
  const text = formatGrants(missing);
  return new UserError(
    "grants-missing",
    `The script of ${name} states that it needs ${text}, which it is not granted.`,
    {
      status: 409,
      remedy: `Publish with grantNeeded (--grant-needed) to grant it, or grant it first: npx runsmith set-runbook ${JSON.stringify(name)} --grant ${JSON.stringify(text)}`,
      errors: missing.map((grant) => ({ pointer: "/grants", message: `${formatGrants([grant])} is needed` })),
    },
  );
}

/** The same error, for a caller who imported and must not believe that nothing was stored. */
function draftStays(error: UserError): UserError {
  return new UserError(error.code, `${error.message} The script is stored as the runbook's draft.`, {
    status: error.status,
    ...(error.remedy !== undefined && { remedy: error.remedy }),
    ...(error.errors !== undefined && { errors: error.errors }),
    cause: error,
  });
}
