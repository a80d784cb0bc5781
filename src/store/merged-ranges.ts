/*
 * Several ranges of an index as one list, newest first. Each is read by portions, and only on when what is known of it is used up: so a
 * page of many ranges costs one small look at each, and further ones where the rows are.
 */

/** A part of a range that has to be read before the list goes on. */
export interface WantedPortion {
  range: number;
  /** The rows before this id, … */
  before: Uint8Array;
  /** … newest first, so many. */
  limit: number;
}

interface Range<Row> {
  rows: Row[];
  /** The next of `rows`. */
  at: number;
  before: Uint8Array;
  limit: number;
  isOver: boolean;
}

/** Rows of the first portion of all ranges together, and of each at least. */
const leastAtOnce = 2;

export class MergedRanges<Row extends { job_id: Uint8Array }> {
  readonly #ranges: Range<Row>[];
  readonly #largest: number;
  /** Ranges with a known next row; the one with the newest is the root of the heap. */
  readonly #heap: number[] = [];
  #wanted: number[];

  /** @param portions rows of the `first` portion of a single range, and of the `largest`; each is four times the one before */
  constructor(count: number, before: Uint8Array, portions: { first: number; largest: number }) {
    const limit = count === 1 ? portions.first : Math.max(leastAtOnce, Math.ceil((portions.first * 8) / count));
    this.#largest = portions.largest;
    this.#ranges = Array.from({ length: count }, () => ({ rows: [], at: 0, before, limit, isOver: false }));
    this.#wanted = this.#ranges.map((_, index) => index);
  }

  /** What has to be read before `next` can tell; empty when it can. */
  wanted(): WantedPortion[] {
    return this.#wanted.map((range) => {
      const { before, limit } = this.#range(range);
      return { range, before, limit };
    });
  }

  /** What was read of the portions that were wanted, by the number of the range; nothing where there was nothing. */
  read(portions: ReadonlyMap<number, Row[]>): void {
    for (const index of this.#wanted) {
      const range = this.#range(index);
      range.rows = portions.get(index) ?? [];
      range.at = 0;
      range.isOver = range.rows.length < range.limit;
      range.before = range.rows.at(-1)?.job_id ?? range.before;
      range.limit = Math.min(range.limit * 4, this.#largest);
      if (range.rows.length > 0) {
        this.#push(index);
      }
    }
    this.#wanted = [];
  }

  /** The newest row that was not given yet; undefined when there is none. */
  next(): Row | undefined {
    const [index] = this.#heap;
    if (index === undefined) {
      return undefined;
    }
    const range = this.#range(index);
    const row = range.rows[range.at];
    range.at += 1;
    if (range.at === range.rows.length) {
      this.#pop();
      if (!range.isOver) {
        this.#wanted = [index];
      }
    } else {
      this.#sink(0);
    }
    return row;
  }

  #range(index: number): Range<Row> {
    const range = this.#ranges[index];
    if (range === undefined) {
      throw new Error(`There is no range ${index}.`);
    }
    return range;
  }

  /** Whether the next row of the one place in the heap is newer than that of the other. */
  #isNewer(one: number, other: number): boolean {
    const [left, right] = [this.#headAt(one), this.#headAt(other)];
    return left !== undefined && right !== undefined && Buffer.compare(left, right) > 0;
  }

  #headAt(place: number): Uint8Array | undefined {
    const index = this.#heap[place];
    const range = index === undefined ? undefined : this.#range(index);
    return range?.rows[range.at]?.job_id;
  }

  #push(index: number): void {
    this.#heap.push(index);
    let place = this.#heap.length - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.#isNewer(place, above)) {
        return;
      }
      this.#swap(place, above);
      place = above;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      let newest = place;
      if (this.#isNewer(left, newest)) newest = left;
      if (this.#isNewer(right, newest)) newest = right;
      if (newest === place) {
        return;
      }
      this.#swap(place, newest);
      place = newest;
    }
  }

  #swap(one: number, other: number): void {
    const index = this.#heap[one];
    this.#heap[one] = this.#heap[other] ?? 0;
    this.#heap[other] = index ?? 0;
  }
}
