import type { Ranges, SecretMatcher } from "./secret-matcher.ts";

/** How PowerShell's formatter goes on with a value, or a message, on the next line. */
const lineBreak = /\r?\n[ |]*/g;

/** What stands for the rest of a text that is too long for its place. */
const ellipsis = "…";

/** Where secrets are that a formatter broke over several lines, the line breaks included. */
export function brokenSecrets(text: string, matcher: SecretMatcher): Ranges {
  if (!text.includes("\n")) return [];
  let joined = "";
  /** Where a piece of `joined` begins, in it and in the text. */
  const pieces: { at: number; from: number }[] = [{ at: 0, from: 0 }];
  let from = 0;
  for (const { 0: gap, index } of text.matchAll(lineBreak)) {
    joined += text.slice(from, index);
    from = index + gap.length;
    pieces.push({ at: joined.length, from });
  }
  joined += text.slice(from);
  const found: Ranges = [];
  matcher.read(joined, 0, 0, found);
  let piece = 0;
  const placeOf = (at: number): number => {
    for (let next = pieces[piece + 1]; next !== undefined && next.at <= at; next = pieces[piece + 1]) piece++;
    const { at: begin = 0, from: place = 0 } = pieces[piece] ?? {};
    return place + at - begin;
  };
  return found.map(([start, end]) => {
    const first = placeOf(start);
    return [first, placeOf(end - 1) + 1];
  });
}

/** Where the beginnings of secrets are that a formatter shortened; none shorter than `least`. */
export function shortenedSecrets(text: string, matcher: SecretMatcher, least: number): Ranges {
  const found: Ranges = [];
  let from = 0;
  for (let at = text.indexOf(ellipsis); at >= 0; at = text.indexOf(ellipsis, from)) {
    const open = matcher.openLength(matcher.read(text.slice(from, at), 0, 0, []));
    if (open >= least) found.push([at - open, at]);
    from = at + ellipsis.length;
  }
  return found;
}

/** All ranges in order; those that overlap are one. */
export function union(ranges: Ranges): Ranges {
  const joined: Ranges = [];
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
