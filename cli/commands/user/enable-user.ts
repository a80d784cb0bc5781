import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { userNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(userNoun, true, "Its tokens are good again, and it may sign in.");
