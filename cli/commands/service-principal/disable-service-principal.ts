import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { servicePrincipalNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(
  servicePrincipalNoun,
  false,
  "Its tokens open nothing from now on, until it is enabled.",
);
