import { removeCommand } from "../../assets/asset-commands.ts";
import { certificateNoun } from "../../assets/asset-nouns.ts";

export const command = removeCommand(certificateNoun);
