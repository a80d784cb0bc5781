import { removePrincipalCommand } from "../../principals/principal-commands.ts";
import { servicePrincipalNoun } from "../../principals/principal-nouns.ts";

export const command = removePrincipalCommand(servicePrincipalNoun, "Its tokens are dead at once.");
