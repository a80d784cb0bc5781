import { removeCommand } from "../../assets/asset-commands.ts";
import { connectionNoun } from "../../assets/asset-nouns.ts";

export const command = removeCommand(connectionNoun);
