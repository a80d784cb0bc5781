import { idPattern } from "../../contract/id.ts";
import type { RecordPosition } from "../../store/operations/streams.ts";
import { recordPositionOf } from "./record-position.ts";
import type { JsonSchema } from "./route.ts";

const position = String.raw`\d{1,9}\.\d{1,15}`;
const ofJob = `${idPattern}:${position}`;

/** Where a reader of several jobs is: the id of the last event it has. */
export const eventPositionSchema: JsonSchema = {
  type: "string",
  maxLength: 8192,
  pattern: `^(${position}|${ofJob}(,${ofJob})*)$`,
  description:
    "The id of the last event that is known; only what comes after it is sent. `Last-Event-ID` does the same and counts first.",
};

/**
 * Where a reader of events is, and how an event's id says so: `attempt.number` while it follows one job; while it follows
 * several, the position in each of them, as an id is all that a client gives back when it connects again.
 */
export class EventPositions {
  readonly #positions = new Map<string, RecordPosition>();
  readonly #only: string | undefined;

  /**
   * @param jobIds the jobs that are followed
   * @param given ids that the client sent, the one that counts first coming first; what is none is passed over
   */
  constructor(jobIds: readonly string[], given: readonly (string | undefined)[] = []) {
    this.#only = jobIds.length === 1 ? jobIds[0] : undefined;
    for (const id of given) {
      const positions = this.#read(id);
      if (positions.length > 0) {
        for (const [jobId, at] of positions.filter(([known]) => jobIds.includes(known))) {
          this.#positions.set(jobId, at);
        }
        return;
      }
    }
  }

  /** After which record the reader goes on; undefined at a job's beginning. */
  of(jobId: string): RecordPosition | undefined {
    return this.#positions.get(jobId);
  }

  /** The id of the event with this record, which the reader has from then on. */
  after({ jobId, id, attempt, number }: { jobId: string; id: string } & RecordPosition): string {
    if (this.#only !== undefined) {
      return id;
    }
    this.#positions.set(jobId, { attempt, number });
    return [...this.#positions].map(([of, at]) => `${of}:${at.attempt}.${at.number}`).join(",");
  }

  #read(id: string | undefined): [string, RecordPosition][] {
    const single = recordPositionOf(id);
    if (single !== undefined) {
      return this.#only === undefined ? [] : [[this.#only, single]];
    }
    return (id ?? "").split(",").flatMap((part): [string, RecordPosition][] => {
      const [jobId = "", text] = part.split(":");
      const at = recordPositionOf(text);
      return at === undefined ? [] : [[jobId.toLowerCase(), at]];
    });
  }
}
