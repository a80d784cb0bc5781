import type { JournalEntry, JournalItem } from "../../src/contract/journal.ts";

/** Steps that a script, which may say what it likes, has under way at once. */
const mostSteps = 1_000;

/** Characters of the key, the name and the branch of a step that is told. */
const longestText = 4_000;

/** The steps of an attempt that have begun and are not stored: what was under way when its script ended is done again when the job goes on. */
export class StepsUnderWay {
  readonly #steps = new Map<string, JournalEntry>();
  /** The number of the last item that the script had kept. */
  #sequence = 0;

  begin(entry: JournalEntry): void {
    const key = String(entry?.key);
    const name = String(entry?.name);
    const branch = String(entry?.branch);
    if (key.length + name.length + branch.length > longestText || this.#steps.size >= mostSteps) return;
    const startedAt = Number.isSafeInteger(entry.startedAt) ? entry.startedAt : 0;
    this.#steps.set(key, { key, kind: "step", name, branch, startedAt, endedAt: null });
  }

  /** The script has something kept: a step that is done, and with it all that it did inside itself. */
  keep({ sequence, entry }: JournalItem): void {
    this.#sequence = sequence;
    if (entry === undefined || this.#steps.size === 0) return;
    this.#steps.delete(entry.key);
    for (const { key, branch } of this.#steps.values()) if (branch.startsWith(`${entry.key}/`)) this.#steps.delete(key);
  }

  /** Those that are left when the script is over, in the order in which they began, numbered behind what it had kept. */
  left(): { sequence: number; entry: JournalEntry }[] {
    return [...this.#steps.values()].map((entry) => ({ sequence: ++this.#sequence, entry }));
  }
}
