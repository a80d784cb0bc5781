import { getCommand } from "../../assets/asset-commands.ts";
import { vaultNoun } from "../../assets/asset-nouns.ts";

export const command = getCommand(vaultNoun);
