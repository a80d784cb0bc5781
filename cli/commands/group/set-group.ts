import { setPrincipalCommand } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

export const command = setPrincipalCommand(groupNoun);
