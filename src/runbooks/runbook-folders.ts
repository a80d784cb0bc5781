import { authorize, permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { visibleTo } from "../access/visible-to.ts";
import type { FolderResource } from "../contract/api/folder.ts";
import { isoTime } from "../contract/api/iso-time.ts";
import type { Page } from "../contract/api/page.ts";
import { folderAbove, noSuchFolder } from "../store/folder-refusals.ts";
import type { StoredFolder } from "../store/operations/folders.ts";
import type { Store } from "../store/store.ts";
import { checkedFolderPath } from "./folder-path.ts";

export interface RunbookFoldersOptions {
  store: Pick<Store, "read" | "write">;
  /** Rights on a folder are on those below, which are others than before. */
  foldersChanged(): void;
}

/** Folders of runbooks: what rights are given on, and nothing else. Names of runbooks are unique over all folders. */
export class RunbookFolders {
  readonly #options: RunbookFoldersOptions;

  constructor(options: RunbookFoldersOptions) {
    this.#options = options;
  }

  /** By path: those that the caller may read; `after` is the `next` of the page before. */
  async list(page: { after?: string; limit: number }, caller: Principal): Promise<Page<FolderResource>> {
    const visible = visibleTo(caller);
    const { items, next } = await this.#options.store.read.folders({
      ...page,
      ...(visible !== null && { folderIds: visible.folderIds }),
    });
    return { items: items.map(folderResource), next };
  }

  /** By its id or path. @throws UserError `folder-not-found` (404) */
  async get(folder: string, caller: Principal): Promise<FolderResource> {
    return folderResource(await this.#find(folder, caller));
  }

  /**
   * Makes a folder; who may edit the folder above may, at the top who may edit everything.
   * @throws UserError `folder-not-found` (404), `folder-exists` (409), `invalid-folder-name`, `not-permitted` (403)
   */
  async create(folder: { name: string; description?: string }, caller: Principal): Promise<FolderResource> {
    const name = checkedFolderPath(folder.name);
    const above = folderAbove(name);
    if (above === null) {
      authorize(caller, "edit", { kind: "everything" }, "everything, which a folder at the top needs");
    } else {
      const { folderId } = await this.#find(above, caller);
      authorize(caller, "edit", { kind: "folder", folderId }, `the folder ${above}`);
    }
    const { store, foldersChanged } = this.#options;
    const { description = "" } = folder;
    const created = await store.write.createFolder({ name, description, createdBy: caller.name });
    foldersChanged();
    return folderResource(created);
  }

  /** Removes an empty folder, and the rights on it. @throws UserError `folder-not-found` (404), `folder-not-empty` (409), `not-permitted` (403) */
  async remove(folder: string, caller: Principal): Promise<void> {
    const { folderId, name } = await this.#find(folder, caller);
    authorize(caller, "edit", { kind: "folder", folderId }, `the folder ${name}`);
    await this.#options.store.write.removeFolder({ folder: folderId });
  }

  async #find(folder: string, caller: Principal): Promise<StoredFolder> {
    const found = await this.#options.store.read.folder({ folder: folder.normalize("NFC") });
    if (found === null || !permits(caller, "read", { kind: "folder", folderId: found.folderId })) {
      throw noSuchFolder(folder);
    }
    return found;
  }
}

function folderResource({ createdAt, ...folder }: StoredFolder): FolderResource {
  return { ...folder, createdAt: isoTime(createdAt) };
}
