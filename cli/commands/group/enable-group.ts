import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(groupNoun, true, "Its members have its rights again.");
