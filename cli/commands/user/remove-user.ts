import { removePrincipalCommand } from "../../principals/principal-commands.ts";
import { userNoun } from "../../principals/principal-nouns.ts";

export const command = removePrincipalCommand(userNoun, "Its sessions and tokens are dead at once.");
