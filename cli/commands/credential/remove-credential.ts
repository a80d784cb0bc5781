import { removeCommand } from "../../assets/asset-commands.ts";
import { credentialNoun } from "../../assets/asset-nouns.ts";

export const command = removeCommand(credentialNoun);
