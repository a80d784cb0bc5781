/** A folder of runbooks as the API shows it. */
export interface FolderResource {
  folderId: string;
  /** The whole path, such as `Ops/Network`. */
  name: string;
  description: string;
  createdAt: string;
  createdBy: string;
}

/** Characters of a folder's path, and of each name in it. */
export const folderPathLength = 256;
export const folderNameLength = 64;
