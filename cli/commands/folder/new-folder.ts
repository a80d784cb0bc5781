import type { FolderResource } from "../../../src/contract/api/folder.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printRow } from "../../output/print.ts";
import { folderView } from "../../views/folder-view.ts";

export const command: Command = {
  name: "new-folder",
  summary: "make a folder of runbooks, on which rights can be given",
  description:
    "Makes a folder. Rights on it are on its runbooks and on the folders below; the names of runbooks stay unique over all folders.",
  arguments: [{ name: "PATH", help: "the whole path; the folder above has to be there" }],
  options: [{ flags: "--description <text>", help: "what it is for" }],
  examples: [
    { line: "new-folder Ops", does: "a folder at the top" },
    { line: "new-folder Ops/Network", does: "one below" },
  ],
  async run(invocation) {
    const description = invocation.text("description");
    const body = { name: invocation.argument(0), ...(description === undefined ? {} : { description }) };
    await printRow(await connect().post<FolderResource>("/api/folders", body), folderView, invocation.output);
    return exitCodes.completed;
  },
};
