import type { RunbookKind } from "../contract/runbook-kind.ts";
import { runbookKinds } from "../contract/runbook-kind.ts";
import type { Store } from "../store/store.ts";
import type { ScriptAnalyser } from "./script-analyser.ts";
import { scriptText } from "./script-source.ts";

/** Besides being woken, it looks this often, in milliseconds. */
const backstop = 30_000;

/** The same where other services save drafts too, and may have nobody who can analyse them. */
const sharedBackstop = 1_000;

type WaitingStore = Pick<Store, "read" | "write" | "isShared">;

/**
 * Analyses the drafts that had to wait, as soon as something that can do so has come: one after the other, oldest first;
 * those whose analysis was interrupted by a stop of the service, when it starts again. What is interrupted waits again.
 */
export class WaitingAnalyses {
  readonly #store: WaitingStore;
  readonly #analyser: ScriptAnalyser;
  readonly #onError: (error: unknown) => void;
  readonly #unsubscribe: () => void;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(store: WaitingStore, analyser: ScriptAnalyser, onError: (error: unknown) => void) {
    this.#store = store;
    this.#analyser = analyser;
    this.#onError = onError;
    this.#unsubscribe = analyser.onAvailable(() => this.#wake());
    this.#timer = setInterval(() => this.#wake(), store.isShared ? sharedBackstop : backstop);
    this.#timer.unref();
    this.#wake();
  }

  /** Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    clearInterval(this.#timer);
    await this.#running;
  }

  #wake(): void {
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#running = this.#analyseAll()
      .catch(this.#onError)
      .finally(() => {
        this.#running = null;
        if (this.#again && !this.#closed) {
          this.#wake();
        }
      });
  }

  async #analyseAll(): Promise<void> {
    for (const kind of runbookKinds) {
      await this.#analyseKind(kind);
    }
  }

  async #analyseKind(kind: RunbookKind): Promise<void> {
    let after: string | undefined;
    while (!this.#closed) {
      const [version] = await this.#store.read.versionsToAnalyse({
        kind,
        limit: 1,
        ...(after !== undefined && { after }),
      });
      if (version === undefined) {
        return;
      }
      after = version.versionId;
      const analysis = await this.#analyser.analyse(version.kind, version.runbookName, scriptText(version.source));
      // Nothing behind this one of the same kind could be analysed either.
      if (analysis === null) {
        return;
      }
      await this.#store.write.saveAnalysis({ versionId: version.versionId, analysis });
    }
  }
}
