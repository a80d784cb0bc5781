import { folderPathLength } from "../../../contract/api/folder.ts";
import type { JsonSchema } from "../route.ts";
import { idSchema, objectSchema, timeSchema } from "./common-schemas.ts";

/** A folder by its id or path. */
export const folderNameSchema: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: folderPathLength,
  description: "The whole path, such as `Ops/Network`.",
};

export const createFolderSchema: JsonSchema = objectSchema(
  { name: folderNameSchema, description: { type: "string", maxLength: 4096 } },
  ["description"],
);

/** The folders' part of the resources in the OpenAPI document. */
export const folderResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  Folder: objectSchema({
    folderId: idSchema,
    name: folderNameSchema,
    description: { type: "string" },
    createdAt: timeSchema,
    createdBy: { type: "string" },
  }),
};
