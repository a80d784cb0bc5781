import type { JournalEntry } from "../../../src/contract/journal.ts";
import { keepWatching } from "./input-channel.ts";
import { writeLine } from "./output-channel.ts";

const waiting = new Map<number, () => void>();
let count = 0;

/** Resolves when the entry is stored; the input must be watched. Until then the process does not end for want of work. */
export function storeInJournal(entry: JournalEntry): Promise<void> {
  const sequence = ++count;
  writeLine(JSON.stringify({ type: "journal", sequence, entry }));
  if (waiting.size === 0) keepWatching(true);
  return new Promise((resolve) => waiting.set(sequence, resolve));
}

export function takeJournalStored(upTo: number): void {
  const before = waiting.size;
  for (const [sequence, resolve] of waiting) {
    if (sequence > upTo) break;
    waiting.delete(sequence);
    resolve();
  }
  if (before > 0 && waiting.size === 0) keepWatching(false);
}

/** Another job follows in this process: its items are numbered from 1 again. Says why none may; null when one may. */
export function journalLeft(): string | null {
  if (waiting.size > 0) return "a step is not stored yet";
  count = 0;
  return null;
}
