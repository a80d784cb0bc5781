import type { RunbookFolders } from "../../../runbooks/runbook-folders.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { createFolderSchema } from "../schemas/folder-schemas.ts";

interface OneFolder {
  params: { folder: string };
}

const theFolder = { description: "The folder.", schema: resource("Folder") };

/** `/api/folders`: folders of runbooks. `{folder}` is an id, or a path with `/` written as `%2F`. */
export function folderRoutes(folders: RunbookFolders): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/folders",
      name: "listFolders",
      summary: "Lists folders of runbooks by their paths.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of folders.", schema: pageOf("Folder") } },
      async handle({ query, caller }) {
        return { status: 200, body: await folders.list({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{ body: { name: string; description?: string } }>({
      method: "POST",
      path: "/api/folders",
      name: "createFolder",
      summary: "Makes a folder; the one above has to be there.",
      access: "edit",
      body: { schema: createFolderSchema, limit: 16_384 },
      idempotency: "generic",
      responses: { 201: theFolder },
      async handle({ body, caller }) {
        const folder = await folders.create(body, caller);
        return { status: 201, body: folder, headers: { Location: `/api/folders/${folder.folderId}` } };
      },
    }),
    route<OneFolder>({
      method: "GET",
      path: "/api/folders/{folder}",
      name: "getFolder",
      summary: "One folder, by id or path.",
      access: "read",
      responses: { 200: theFolder },
      async handle({ params, caller }) {
        return { status: 200, body: await folders.get(params.folder, caller) };
      },
    }),
    route<OneFolder>({
      method: "DELETE",
      path: "/api/folders/{folder}",
      name: "removeFolder",
      summary: "Removes an empty folder, and the rights on it.",
      access: "edit",
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller }) {
        await folders.remove(params.folder, caller);
        return { status: 204 };
      },
    }),
  ];
}
