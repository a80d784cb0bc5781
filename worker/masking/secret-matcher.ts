/** Where secrets were found: half-open ranges `[start, end)`, in order, none overlapping the next. */
export type Ranges = [start: number, end: number][];

/** What is known of each node of the trie, one number each. */
const fields = 8;
const firstChild = 0;
const nextSibling = 1;
/** The code unit that leads to it. */
const unitOf = 2;
/** The node of the longest text that ends as this one's does. */
const fallback = 3;
/** Length of the longest pattern with which its text ends; 0 for none. */
const longest = 4;
/** How many units at the end of its text may go on to be a pattern. */
const open = 5;
const depthOf = 6;
/** Length of the shortest pattern that begins with its text. */
const shortest = 7;

/** A pattern's first units, by which the places are found that are looked at closely; no pattern is shorter. */
const headLength = 4;
const headHashes = 2 ** 16;
/** By so many bits each further unit moves the hash, so that it tells of the last four units and of none before. */
const hashShift = 4;

/** A place in the trie: what a text that was read until now ends with. 0 is nothing. */
export type MatcherState = number;

/**
 * Finds many patterns in texts that may come in pieces, in time linear in the text, whatever the patterns are and however many
 * (Aho, Corasick 1975). Where no pattern begins, which is nearly everywhere, a text is only hashed. Patterns may be added
 * at any time: states stay valid, as nothing is ever removed.
 */
export class SecretMatcher {
  #nodes = new Int32Array(fields * 1024);
  #count = 1;
  readonly #roots = new Map<number, number>();
  readonly #heads = new Uint8Array(headHashes);
  /** Fallbacks are made when they are needed, for all patterns that were added until then. */
  #isComplete = true;

  /** What it takes memory for: units of all patterns, beginnings that they share once. */
  get size(): number {
    return this.#count;
  }

  /** @param pattern of at least four units */
  add(pattern: string): void {
    if (pattern.length < headLength) throw new RangeError("a pattern is too short");
    this.#heads[hashOf(pattern)] = 1;
    let node = 0;
    for (let at = 0; at < pattern.length; at++) {
      const unit = pattern.charCodeAt(at);
      node = this.#child(node, unit) || this.#append(node, unit, at + 1);
      const known = this.#get(node, shortest);
      if (known === 0 || pattern.length < known) this.#set(node, shortest, pattern.length);
    }
    if (this.#get(node, longest) === pattern.length) return;
    this.#set(node, longest, pattern.length);
    this.#isComplete = false;
  }

  /**
   * Reads the next piece of a text.
   *
   * @param state what the call before returned, or 0
   * @param offset where the piece starts in the whole text
   * @param found takes the ranges of the whole text that are patterns; what overlaps is one
   */
  read(piece: string, state: MatcherState, offset: number, found: Ranges): MatcherState {
    if (!this.#isComplete) this.#complete();
    let node = state;
    let at = 0;
    while (at < piece.length) {
      if (node === 0) {
        at = this.#nextHead(piece, at);
        if (at === piece.length) break;
      }
      node = this.#next(node, piece.charCodeAt(at++));
      const length = this.#get(node, longest);
      if (length > 0) addRange(found, offset + at - length, offset + at);
    }
    return node;
  }

  /** How many units at the end of the text may be the beginning of a pattern. */
  openLength(state: MatcherState): number {
    return this.#get(state, open);
  }

  /** The same, of no pattern of which less than half is there. */
  mostlyOpenLength(state: MatcherState): number {
    for (let node = state; node !== 0; node = this.#get(node, fallback)) {
      const depth = this.#get(node, depthOf);
      if (this.#get(node, firstChild) !== 0 && 2 * depth >= this.#get(node, shortest)) return depth;
    }
    return 0;
  }

  /** The first place from `from` on at which a pattern may begin, as far as its first units, or the text's last, tell. */
  #nextHead(piece: string, from: number): number {
    const last = piece.length - headLength + 1;
    let hash = 0;
    for (let at = from; at < piece.length; at++) {
      hash = ((hash << hashShift) + piece.charCodeAt(at)) & (headHashes - 1);
      if (at - from >= headLength - 1 && this.#heads[hash] === 1) return at - headLength + 1;
    }
    return Math.max(from, last);
  }

  #next(state: MatcherState, unit: number): MatcherState {
    let node = state;
    for (;;) {
      const child = this.#child(node, unit);
      if (child !== 0 || node === 0) return child;
      node = this.#get(node, fallback);
    }
  }

  #child(node: number, unit: number): number {
    if (node === 0) return this.#roots.get(unit) ?? 0;
    let child = this.#get(node, firstChild);
    while (child !== 0 && this.#get(child, unitOf) !== unit) child = this.#get(child, nextSibling);
    return child;
  }

  #append(parent: number, unit: number, depth: number): number {
    const node = this.#count++;
    if (node * fields === this.#nodes.length) {
      const larger = new Int32Array(2 * this.#nodes.length);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    this.#set(node, unitOf, unit);
    this.#set(node, depthOf, depth);
    this.#set(node, nextSibling, this.#get(parent, firstChild));
    this.#set(parent, firstChild, node);
    if (parent === 0) this.#roots.set(unit, node);
    return node;
  }

  /** Breadth first, so that what a node falls back to is known before it. */
  #complete(): void {
    this.#isComplete = true;
    const queue = new Int32Array(this.#count);
    let end = 1;
    for (let at = 0; at < end; at++) {
      const node = queue[at] ?? 0;
      for (let child = this.#get(node, firstChild); child !== 0; child = this.#get(child, nextSibling)) {
        const back = node === 0 ? 0 : this.#next(this.#get(node, fallback), this.#get(child, unitOf));
        this.#set(child, fallback, back);
        // A pattern's own length is greater than that of any within it.
        const isPattern = this.#get(child, longest) === this.#get(child, depthOf);
        if (!isPattern) this.#set(child, longest, this.#get(back, longest));
        const mayGoOn = this.#get(child, firstChild) !== 0;
        this.#set(child, open, mayGoOn ? this.#get(child, depthOf) : this.#get(back, open));
        queue[end++] = child;
      }
    }
  }

  #get(node: number, field: number): number {
    return this.#nodes[node * fields + field] ?? 0;
  }

  #set(node: number, field: number, value: number): void {
    this.#nodes[node * fields + field] = value;
  }
}

function hashOf(pattern: string): number {
  let hash = 0;
  for (let at = 0; at < headLength; at++) hash = ((hash << hashShift) + pattern.charCodeAt(at)) & (headHashes - 1);
  return hash;
}

/** Adds a range that ends where, or behind where, all others do; those that it overlaps become one with it. */
export function addRange(found: Ranges, start: number, end: number): void {
  let first = start;
  for (let last = found.at(-1); last !== undefined && last[1] > start; last = found.at(-1)) {
    first = Math.min(first, last[0]);
    found.pop();
  }
  found.push([first, end]);
}
