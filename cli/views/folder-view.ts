import type { FolderResource } from "../../src/contract/api/folder.ts";
import type { View } from "../output/print.ts";

/** How folders are shown. */
export const folderView: View<FolderResource> = {
  columns: [
    { title: "Folder", value: ({ name }) => name },
    { title: "Description", value: ({ description }) => description },
    { title: "Created by", value: ({ createdBy }) => createdBy },
  ],
  details: [
    { title: "Created", value: ({ createdAt }) => createdAt },
    { title: "Id", value: ({ folderId }) => folderId },
  ],
  name: ({ name }) => name,
};
