import type { Store } from "../store/store.ts";
import { permits } from "./authorize.ts";
import type { Permission } from "./permission.ts";
import type { Principal } from "./principal.ts";

/** The folder that a runbook was in is believed for this long, in milliseconds: another service may move it. */
const believedFor = 1_000;
const mostRemembered = 10_000;

/** Decides about runbooks, and about what is theirs, by their ids: where rights on folders matter, it finds out the runbook's. */
export class RunbookGate {
  readonly #store: Pick<Store, "read">;
  readonly #folders = new Map<string, { folderId: string | null; until: number }>();

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  /**
   * Whether a principal has a permission on a runbook. On what was one, and is gone, only rights on everything count. Answers at once,
   * not with a promise, where nothing has to be looked up.
   */
  permits(caller: Principal, permission: Permission, runbookId: string): boolean | Promise<boolean> {
    if (permits(caller, permission, { kind: "runbook", runbookId, folderId: null })) {
      return true;
    }
    if (!caller.rights.some(({ on }) => on.kind === "folder")) {
      return false;
    }
    const inFolder = (folderId: string | null) => permits(caller, permission, { kind: "runbook", runbookId, folderId });
    const known = this.#folders.get(runbookId);
    return known !== undefined && known.until > performance.now()
      ? inFolder(known.folderId)
      : this.#lookUp(runbookId).then(inFolder);
  }

  /** Drops what is remembered of a runbook. */
  forget(runbookId: string): void {
    this.#folders.delete(runbookId);
  }

  async #lookUp(runbookId: string): Promise<string | null> {
    const asked = performance.now();
    const folderId = (await this.#store.read.runbookPlace({ runbookId }))?.folderId ?? null;
    if (this.#folders.size >= mostRemembered) {
      this.#folders.clear();
    }
    this.#folders.set(runbookId, { folderId, until: asked + believedFor });
    return folderId;
  }
}
