import { principalPath } from "../../principals/principal-commands.ts";
import { groupNoun } from "../../principals/principal-nouns.ts";

/** The address of a membership below the service's. */
export function memberPath(group: string, member: string): string {
  return `${principalPath(groupNoun, group)}/members/${encodeURIComponent(member)}`;
}
