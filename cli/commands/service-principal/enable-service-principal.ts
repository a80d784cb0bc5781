import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { servicePrincipalNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(servicePrincipalNoun, true, "Its tokens are good again.");
