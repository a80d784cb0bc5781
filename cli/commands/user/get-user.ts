import { getPrincipalCommand } from "../../principals/principal-commands.ts";
import { userNoun } from "../../principals/principal-nouns.ts";

export const command = getPrincipalCommand(userNoun);
