import type { JobException, JournalMessage, StepBegunMessage } from "../../src/contract/host/host-messages.ts";
import { longestJournalItem } from "../../src/contract/journal.ts";
import type { AttemptListener } from "./attempt-listener.ts";
import type { RecordPipeline } from "./record-pipeline.ts";
import { StepsUnderWay } from "./steps-under-way.ts";

export interface AttemptJournalOptions {
  pipeline: Pick<RecordPipeline, "shownEntry">;
  listener: Pick<AttemptListener, "journal">;
  /** The script wants more kept than may be. */
  fail(exception: JobException): void;
}

/** What an attempt wants kept, and what of its steps was under way when it ended. */
export class AttemptJournal {
  readonly #options: AttemptJournalOptions;
  readonly #stepsUnderWay = new StepsUnderWay();

  constructor(options: AttemptJournalOptions) {
    this.#options = options;
  }

  begin({ entry }: StepBegunMessage): void {
    this.#stepsUnderWay.begin(entry);
  }

  /** @throws Error for an entry that no host makes */
  keep({ sequence, entry, checkpoint }: JournalMessage): void {
    const { pipeline, listener, fail } = this.#options;
    if (entry !== undefined && JSON.stringify(entry).length > longestJournalItem)
      throw new Error("An entry of the journal is too long.");
    if (checkpoint !== undefined && checkpoint.length > longestJournalItem) {
      const message = `The checkpoint is ${checkpoint.length} characters long, and at most ${longestJournalItem} are kept. Keep less in variables.`;
      fail({ name: "CheckpointTooLarge", message });
      return;
    }
    this.#stepsUnderWay.keep({ sequence, ...(entry !== undefined && { entry }) });
    listener.journal({
      sequence,
      ...(entry === undefined ? {} : { entry, shown: pipeline.shownEntry(entry) }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
  }

  tellStepsUnderWay(): void {
    const { pipeline, listener } = this.#options;
    for (const { sequence, entry } of this.#stepsUnderWay.left())
      listener.journal({ sequence, entry, shown: pipeline.shownEntry(entry) });
  }
}
