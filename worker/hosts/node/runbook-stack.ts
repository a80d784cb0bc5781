/**
 * The start of a runbook's module URL; the rest is its name, percent-encoded, and `.ts`, and in a host that runs one job after
 * another `?` and a number: a module of the same URL is evaluated once only.
 */
export const runbookScheme = "runbook:/";

/** The URL of a runbook's module. `run`: which run of it, 0 where there is one only. */
export function runbookUrl(name: string, run = 0): string {
  const url = `${runbookScheme}${encodeURIComponent(name)}.ts`;
  return run === 0 ? url : `${url}?${run}`;
}

/**
 * A stack, or a text with stacks in it, with the runbook's own frames only: frames of the host and of Node are left out,
 * and `runbook:/name.ts:3:9` is written `name.ts:3:9`.
 */
export function runbookStack(text: string): string {
  if (!text.includes("\n    at ") && !text.includes(runbookScheme)) return text;
  const kept: string[] = [];
  for (const line of text.split("\n")) {
    if (!/^\s+at /.test(line) || line.includes(runbookScheme)) kept.push(line);
    // util.inspect opens the braces of an error's own members at the end of its last frame.
    else if (line.endsWith(" {")) kept.push(`${kept.pop() ?? ""} {`);
  }
  return kept.join("\n").replaceAll(/runbook:\/([^\s:()?]*)(?:\?\d+)?/g, (_match, name: string) => decoded(name));
}

/** The first place in a runbook that a stack names; lines and columns start at 1. */
export function placeInRunbook(stack: string): { line?: number; column?: number } {
  const match = /runbook:\/[^\s:()]*:(\d+)(?::(\d+))?/.exec(stack);
  if (match === null) return {};
  return match[2] === undefined ? { line: Number(match[1]) } : { line: Number(match[1]), column: Number(match[2]) };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
