/** A folder of runbooks. */
export interface StoredFolder {
  folderId: string;
  /** The whole path, such as `Ops/Network`. */
  name: string;
  description: string;
  createdAt: number;
  createdBy: string;
}

/** `folder` is an id or a path everywhere; paths count without regard to case. */
export interface FolderReads {
  /** By path; `folderIds` are the only ones to be shown, all when it is left out; `after` is the `next` of the page before. */
  folders(of: { folderIds?: readonly string[]; after?: string; limit: number }): {
    items: StoredFolder[];
    next: string | null;
  };
  folder(of: { folder: string }): StoredFolder | null;
}

export interface FolderWrites {
  /** @throws UserError `folder-exists` (409), `folder-not-found` (404) when the folder above is not there */
  createFolder(folder: { name: string; description: string; createdBy: string }): StoredFolder;
  /**
   * Removes a folder and the rights on it.
   * @throws UserError `folder-not-found` (404), `folder-not-empty` (409) while it has runbooks or folders
   */
  removeFolder(of: { folder: string }): void;
}
