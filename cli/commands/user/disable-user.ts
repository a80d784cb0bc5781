import { switchPrincipalCommand } from "../../principals/principal-commands.ts";
import { userNoun } from "../../principals/principal-nouns.ts";

export const command = switchPrincipalCommand(
  userNoun,
  false,
  "Its sessions end, and its tokens open nothing from now on, until it is enabled.",
);
