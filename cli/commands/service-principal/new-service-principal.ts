import { newPrincipalCommand } from "../../principals/principal-commands.ts";
import { servicePrincipalNoun } from "../../principals/principal-nouns.ts";

export const command = newPrincipalCommand(
  servicePrincipalNoun,
  "A service principal is what a program acts as; new-token --principal makes its tokens.",
);
