import { removePrincipalCommand } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

export const command = removePrincipalCommand(groupNoun, "Its members stay, without what it gave them.");
