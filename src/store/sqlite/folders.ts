import { looksLikeId } from "../../contract/id.ts";
import { folderAbove, folderExists, folderNotEmpty, noSuchFolder } from "../folder-refusals.ts";
import { bytesToId, idToBytes } from "../id-bytes.ts";
import type { FolderReads, FolderWrites, StoredFolder } from "../operations/folders.ts";
import { dropRightsOn } from "./rights.ts";
import type { SqliteSession } from "./session.ts";
import { defaultWorkspace } from "./session.ts";

interface FolderRow {
  folder_id: Uint8Array;
  name: string;
  description: string;
  created_at: number;
  created_by: string;
}

const selectFolder = "SELECT folder_id, name, description, created_at, created_by FROM folders";

export function folderReads(session: SqliteSession): FolderReads {
  return {
    folders: ({ folderIds, after, limit }) => {
      const rows = session.all<FolderRow>(
        `${selectFolder} WHERE workspace_id = ?1 AND name > ?2
           AND (?3 IS NULL OR folder_id IN (SELECT unhex(value, '-') FROM json_each(?3))) ORDER BY name LIMIT ?4`,
        defaultWorkspace,
        after ?? "",
        folderIds === undefined ? null : JSON.stringify(folderIds),
        limit + 1,
      );
      const items = rows.slice(0, limit).map(toFolder);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    folder: ({ folder }) => findFolder(session, folder),
  };
}

export function folderWrites(session: SqliteSession): FolderWrites {
  return {
    createFolder: ({ name, description, createdBy }) => {
      const above = folderAbove(name);
      if (above !== null && findFolder(session, above) === null) {
        throw noSuchFolder(above);
      }
      const folderId = session.newId();
      const made = session.run(
        `INSERT INTO folders (workspace_id, folder_id, name, description, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace_id, name) DO NOTHING`,
        defaultWorkspace,
        idToBytes(folderId),
        name,
        description,
        session.now(),
        createdBy,
      );
      if (made === 0) {
        throw folderExists(name);
      }
      return mustFindFolder(session, folderId);
    },

    removeFolder: (of) => {
      const { folderId, name } = mustFindFolder(session, of.folder);
      const id = idToBytes(folderId);
      const content =
        session.first<{ name: string }>("SELECT name FROM runbooks WHERE folder_id = ? LIMIT 1", id) ??
        session.first<{ name: string }>(
          `SELECT name FROM folders
           WHERE workspace_id = ?1 AND substr(name, 1, length(?2) + 1) = ?2 || '/' COLLATE NOCASE LIMIT 1`,
          defaultWorkspace,
          name,
        );
      if (content !== undefined) {
        throw folderNotEmpty(name, content.name);
      }
      dropRightsOn(session, { scope: "folder", id: folderId, name: null });
      session.run("DELETE FROM folders WHERE folder_id = ?", id);
    },
  };
}

/** The folder of this id or path. @throws UserError `folder-not-found` (404) */
export function mustFindFolder(session: SqliteSession, folder: string): StoredFolder {
  const found = findFolder(session, folder);
  if (found === null) {
    throw noSuchFolder(folder);
  }
  return found;
}

function findFolder(session: SqliteSession, folder: string): StoredFolder | null {
  const row = looksLikeId(folder)
    ? session.first<FolderRow>(`${selectFolder} WHERE folder_id = ?`, idToBytes(folder.toLowerCase()))
    : session.first<FolderRow>(`${selectFolder} WHERE workspace_id = ? AND name = ?`, defaultWorkspace, folder);
  return row === undefined ? null : toFolder(row);
}

function toFolder(row: FolderRow): StoredFolder {
  return {
    folderId: bytesToId(row.folder_id),
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    createdBy: row.created_by,
  };
}
