import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(groupNoun, false, "It gives its members nothing, until it is enabled.");
