import { getCommand } from "../../assets/asset-commands.ts";
import { credentialNoun } from "../../assets/asset-nouns.ts";

export const command = getCommand(credentialNoun);
