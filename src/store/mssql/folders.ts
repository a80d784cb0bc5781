import { looksLikeId } from "../../contract/id.ts";
import { folderAbove, folderExists, folderNotEmpty, noSuchFolder } from "../folder-refusals.ts";
import { bytesToId } from "../id-bytes.ts";
import { newId } from "../new-id.ts";
import type { FolderReads, FolderWrites, StoredFolder } from "../operations/folders.ts";
import type { Asynchronous } from "../store.ts";
import { dropRightsOn } from "./rights.ts";
import type { MssqlSession, WriteRules } from "./session.ts";
import { defaultWorkspace } from "./session.ts";
import { isDuplicate } from "./sql-errors.ts";
import { id, int, json, text } from "./sql-values.ts";

interface FolderRow {
  folder_id: Uint8Array;
  name: string;
  description: string;
  created_at: number;
  created_by: string;
}

const folderColumns = "folder_id, name, description, created_at, created_by FROM runsmith.folders";

export function folderReads(session: MssqlSession): Asynchronous<FolderReads> {
  return {
    folders: async ({ folderIds, after, limit }) => {
      const rows = await session.all<FolderRow>(
        `SELECT TOP (@limit) ${folderColumns} WHERE workspace_id = @workspace_id AND name > @after
           AND (@folder_ids IS NULL OR folder_id IN (
             SELECT CONVERT(binary(16), REPLACE(w.value, N'-', N''), 2) FROM OPENJSON(@folder_ids) AS w))
         ORDER BY name`,
        {
          workspace_id: id(defaultWorkspace),
          after: text(after ?? ""),
          folder_ids: json(folderIds),
          limit: int(limit + 1),
        },
      );
      const items = rows.slice(0, limit).map(toFolder);
      return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    folder: ({ folder }) => findFolder(session, folder),
  };
}

export const folderWriteRules: WriteRules<FolderWrites> = {
  createFolder: "kept",
  removeFolder: "kept",
};

export function folderWrites(session: MssqlSession): Asynchronous<FolderWrites> {
  return {
    createFolder: async ({ name, description, createdBy }) => {
      const above = folderAbove(name);
      if (above !== null && (await findFolder(session, above)) === null) {
        throw noSuchFolder(above);
      }
      const folderId = newId();
      try {
        await session.run(
          `INSERT INTO runsmith.folders (workspace_id, folder_id, name, description, created_at, created_by)
           VALUES (@workspace_id, @folder_id, @name, @description, CAST(SYSUTCDATETIME() AS datetime2(3)), @created_by)`,
          {
            workspace_id: id(defaultWorkspace),
            folder_id: id(folderId),
            name: text(name),
            description: text(description),
            created_by: text(createdBy),
          },
        );
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
        throw folderExists(name);
      }
      return mustFindFolder(session, folderId);
    },

    removeFolder: async (of) => {
      const { folderId, name } = await mustFindFolder(session, of.folder);
      const content =
        (await session.first<{ name: string }>(
          "SELECT TOP (1) name FROM runsmith.runbooks WHERE folder_id = @folder_id",
          {
            folder_id: id(folderId),
          },
        )) ??
        (await session.first<{ name: string }>(
          `SELECT TOP (1) name FROM runsmith.folders
           WHERE workspace_id = @workspace_id AND LEFT(name, LEN(@name) + 1) = @name + N'/'`,
          { workspace_id: id(defaultWorkspace), name: text(name) },
        ));
      if (content !== undefined) {
        throw folderNotEmpty(name, content.name);
      }
      await dropRightsOn(session, { scope: "folder", id: folderId, name: null });
      await session.run("DELETE FROM runsmith.folders WHERE folder_id = @folder_id", { folder_id: id(folderId) });
    },
  };
}

/** The folder of this id or path. @throws UserError `folder-not-found` (404) */
export async function mustFindFolder(session: MssqlSession, folder: string): Promise<StoredFolder> {
  const found = await findFolder(session, folder);
  if (found === null) {
    throw noSuchFolder(folder);
  }
  return found;
}

async function findFolder(session: MssqlSession, folder: string): Promise<StoredFolder | null> {
  const row = looksLikeId(folder)
    ? await session.first<FolderRow>(`SELECT ${folderColumns} WHERE folder_id = @folder_id`, {
        folder_id: id(folder.toLowerCase()),
      })
    : await session.first<FolderRow>(`SELECT ${folderColumns} WHERE workspace_id = @workspace_id AND name = @name`, {
        workspace_id: id(defaultWorkspace),
        name: text(folder),
      });
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
