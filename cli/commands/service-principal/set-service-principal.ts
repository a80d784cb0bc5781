import { setPrincipalCommand } from "../../principals/principal-commands.ts";
import { servicePrincipalNoun } from "../../principals/principal-nouns.ts";

export const command = setPrincipalCommand(servicePrincipalNoun);
