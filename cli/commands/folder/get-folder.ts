import type { FolderResource } from "../../../src/contract/api/folder.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { folderView } from "../../views/folder-view.ts";

export const command: Command = {
  name: "get-folder",
  summary: "list the folders of runbooks, or show one",
  arguments: [{ name: "PATH", help: "the whole path", optional: true }],
  examples: [{ line: "get-folder", does: "every folder that you may read" }],
  async run(invocation) {
    const api = connect();
    const folder = invocation.argument(0);
    const path = "/api/folders";
    if (folder === "") await printList(await api.list<FolderResource>(path), folderView, invocation.output);
    else {
      const one = await api.get<FolderResource>(`${path}/${encodeURIComponent(folder)}`);
      await printOne(one, folderView, invocation.output);
    }
    return exitCodes.completed;
  },
};
