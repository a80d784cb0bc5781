import { removeCommand } from "../../assets/asset-commands.ts";
import { variableNoun } from "../../assets/asset-nouns.ts";

export const command = removeCommand(variableNoun);
