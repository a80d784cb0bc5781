import { UserError } from "../../contract/user-error.ts";

/** The ETag of a resource: its revision in quotes (RFC 9110 §8.8.3). */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * The revision that `If-Match` asks for; undefined when the header is absent or `*`.
 * @throws UserError `precondition-failed` (412) when it names no revision at all, as it then matches none
 */
export function revisionOfIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === "*") {
    return undefined;
  }
  const revision = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (revision === undefined) {
    throw new UserError("precondition-failed", `If-Match has to be one ETag that this API gave, not ${header}.`, {
      status: 412,
      remedy: "Read the resource, and send the ETag of that answer.",
    });
  }
  return Number(revision);
}
