import type { Grant } from "../contract/grant.ts";
import type { Problem } from "../contract/problem.ts";
import { UserError } from "../contract/user-error.ts";

const grantLimit = 64;
const pathLengthLimit = 1024;
const grantForms =
  "network, processes, path:/folder (read), path:/folder:rw (read and write) or socket:/path/of/socket";

/**
 * Reads grants in their written form, such as `network path:/var/log:rw processes socket:/run/systemd/private`:
 * separated by spaces or commas, `path:/x` and `path:/x:r` for reading, `path:/x:rw` for writing too. A grant with spaces
 * in its path stands in double quotes. Doubled grants become one. Throws `UserError` (`invalid-grant`).
 */
export function parseGrants(text: string): Grant[] {
  const grants: Grant[] = [];
  for (const word of splitWords(text)) addGrant(grants, parseGrant(word));
  if (grants.length > grantLimit) {
    throw new UserError("invalid-grant", `${grants.length} grants are too many: a runbook has at most ${grantLimit}.`, {
      remedy: "Grant a common parent folder in place of many folders.",
    });
  }
  return grants;
}

/** The written form of grants, which `parseGrants` reads; an empty text for none. */
export function formatGrants(grants: readonly Grant[]): string {
  return grants.map(formatGrant).join(" ");
}

/** The written form of one grant. */
export function formatGrant(grant: Grant): string {
  const word = writtenForm(grant);
  return /[\s,"]/.test(word) ? `"${word.replaceAll(/["\\]/g, "\\$&")}"` : word;
}

/** What of `needs` is not covered by `grants`. A folder covers what is below it, and writing covers reading. */
export function missingGrants(needs: readonly Grant[], grants: readonly Grant[]): Grant[] {
  return needs.filter((need) => !grants.some((grant) => covers(grant, need)));
}

/** A statement of needs in a script: the grants as written, and where they start in the script (UTF-16 units). */
export interface StatedNeeds {
  text: string;
  offset: number;
}

/** Finds `@needs network path:/var/log:rw` in a doc comment. Offsets count from the comment's start. */
export function findNeedsInDocComment(comment: string): StatedNeeds[] {
  return findAll(comment, /(?<=^|[\s*])@needs(?![\w-])[ \t]*([^\r\n]*?)[ \t]*(?=\*\/|\r|\n|$)/g);
}

/** Finds lines of the form `#Needs network path:/var/log:rw` in a PowerShell script, written as `#Requires` is. */
export function findNeedsInPowerShell(script: string): StatedNeeds[] {
  return findAll(script, /^[ \t]*#needs(?![\w-])[ \t]*([^\r\n]*?)[ \t]*\r?$/gim);
}

/**
 * Reads the stated needs of a script into `Analysis.needs` (one written form each); what cannot be read becomes
 * a problem at its place in `script`.
 */
export function readStatedNeeds(
  script: string,
  stated: readonly StatedNeeds[],
): { needs: string[]; problems: Problem[] } {
  const grants: Grant[] = [];
  const problems: Problem[] = [];
  for (const { text, offset } of stated) {
    try {
      const parsed = parseGrants(text);
      if (parsed.length === 0)
        throw new UserError("invalid-grant", "No grant is named.", { remedy: `Write ${grantForms}.` });
      for (const grant of parsed) addGrant(grants, grant);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const before = script.slice(0, offset).split("\n");
      problems.push({
        line: before.length,
        column: (before.at(-1)?.length ?? 0) + 1,
        severity: "error",
        code: "invalid-needs",
        message: [error.message, error.remedy].filter(Boolean).join(" "),
      });
    }
  }
  return { needs: grants.map(formatGrant), problems };
}

function findAll(text: string, pattern: RegExp): StatedNeeds[] {
  const found: StatedNeeds[] = [];
  for (const match of text.matchAll(pattern)) {
    const words = match[1] ?? "";
    found.push({ text: words, offset: match.index + match[0].lastIndexOf(words) });
  }
  return found;
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"|[^\s,]+/g)) {
    words.push(match[1] === undefined ? match[0] : match[1].replaceAll(/\\(.)/g, "$1"));
  }
  return words;
}

function parseGrant(word: string): Grant {
  if (word === "network" || word === "processes") return { type: word };
  if (word.startsWith("path:")) {
    const access = /:(rw?)$/.exec(word)?.[1];
    const path = word.slice("path:".length, access === undefined ? undefined : -(access.length + 1));
    return { type: "path", path: checkedPath(word, path), access: access === "rw" ? "write" : "read" };
  }
  if (word.startsWith("socket:")) return { type: "socket", path: checkedPath(word, word.slice("socket:".length)) };
  throw new UserError("invalid-grant", `"${word}" is not a grant.`, { remedy: `Write ${grantForms}.` });
}

function checkedPath(word: string, path: string): string {
  const fault = faultOfPath(path);
  if (fault !== undefined) {
    throw new UserError("invalid-grant", `The path of "${word}" ${fault}.`, {
      remedy: "Write the whole path from the root, such as path:/var/log.",
    });
  }
  const tidy = path.replaceAll(/\/{2,}/g, "/");
  return tidy.length > 1 && tidy.endsWith("/") ? tidy.slice(0, -1) : tidy;
}

function faultOfPath(path: string): string | undefined {
  if (!path.startsWith("/")) return "does not start with /";
  if (path.length > pathLengthLimit) return `is longer than ${pathLengthLimit} characters`;
  if (/[\0\r\n]/.test(path)) return "holds a control character";
  if (path.split("/").some((segment) => segment === "." || segment === "..")) return "holds . or ..";
  return undefined;
}

function addGrant(grants: Grant[], grant: Grant): void {
  const twin = grants.find((other) => other.type === grant.type && pathOf(other) === pathOf(grant));
  if (twin === undefined) grants.push(grant);
  else if (twin.type === "path" && grant.type === "path" && grant.access === "write") twin.access = "write";
}

function writtenForm(grant: Grant): string {
  if (grant.type === "socket") return `socket:${grant.path}`;
  if (grant.type !== "path") return grant.type;
  if (grant.access === "write") return `path:${grant.path}:rw`;
  // A path that ends in ":r" itself must not be taken for one with an access.
  return /:rw?$/.test(grant.path) ? `path:${grant.path}:r` : `path:${grant.path}`;
}

function covers(grant: Grant, need: Grant): boolean {
  if (need.type === "path") {
    return (
      grant.type === "path" && (grant.access === "write" || need.access === "read") && isWithin(need.path, grant.path)
    );
  }
  if (need.type === "socket") return grant.type === "socket" && grant.path === need.path;
  return grant.type === need.type;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

function pathOf(grant: Grant): string | undefined {
  return "path" in grant ? grant.path : undefined;
}
