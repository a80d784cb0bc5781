import { newPrincipalCommand } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

export const command = newPrincipalCommand(
  groupNoun,
  "A group gives its rights to its members: users and service principals.",
);
