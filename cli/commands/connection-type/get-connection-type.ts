import { getCommand } from "../../assets/asset-commands.ts";
import { connectionTypeNoun } from "../../assets/asset-nouns.ts";

export const command = getCommand(connectionTypeNoun);
