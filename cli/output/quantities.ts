import { UserError } from "../../src/contract/user-error.ts";

const unitMilliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const unitBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Reads a duration such as `30s`, `5m`, `1h30m` or `500ms` into milliseconds. Throws `UserError` (`invalid-duration`). */
export function parseDuration(text: string): number {
  const whole = text.trim();
  if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(whole)) {
    let total = 0;
    for (const [, amount = "", , unit] of whole.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d)/g)) {
      total += Number(amount) * unitMilliseconds[unit as keyof typeof unitMilliseconds];
    }
    return Math.round(total);
  }
  throw new UserError("invalid-duration", `"${text}" is not a duration.`, {
    remedy: "Write a number with its unit: 500ms, 30s, 5m, 2h, 1d, or several together such as 1h30m.",
  });
}

/** Writes milliseconds as `parseDuration` reads them. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(milliseconds);
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const amount = Math.floor(rest / unitMilliseconds[unit]);
    rest -= amount * unitMilliseconds[unit];
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === "" ? "0s" : text;
}

/** Reads a size such as `100MiB`, `64KB` (meaning KiB) or a plain number of bytes. Throws `UserError` (`invalid-size`). */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmg])i?b?|b)?$/i.exec(text.trim());
  if (match === null) {
    throw new UserError("invalid-size", `"${text}" is not a size.`, {
      remedy: "Write a number with its unit: 64KiB, 100MiB, 1GiB, or a plain number of bytes.",
    });
  }
  const factor = { k: unitBytes.KiB, m: unitBytes.MiB, g: unitBytes.GiB }[match[2]?.toLowerCase() ?? ""] ?? unitBytes.B;
  return Math.round(Number(match[1]) * factor);
}

/** Writes bytes with the largest unit that leaves at least one whole. */
export function formatSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"] as const) {
    const amount = bytes / unitBytes[unit];
    if (amount >= 1) return `${Number(amount.toFixed(1))}${unit}`;
  }
  return `${bytes}B`;
}
