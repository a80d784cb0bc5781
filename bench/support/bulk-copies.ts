/** Which jobs are copied, and how often. */
export interface BulkJobs {
  /** A condition on `jobs` that says which jobs are copied, in turn. */
  templates: string;
  count: number;
  /** Of the first copy, milliseconds since the epoch; the others follow it, evenly, up to `until`. */
  from: number;
  until: number;
}

/** A table with rows of jobs, and its columns that are written. */
export interface Table {
  name: string;
  columns: string[];
}

/** One copy of a job: its id, whose copy it is, by how many milliseconds it is later, and in which round of all of them it is made. */
export interface Copy {
  n: number;
  jobId: Uint8Array;
  template: Uint8Array;
  shift: number;
  round: number;
}

/** The copies of a set, in the order of their ids; `index` tells sets of the same time apart. */
export function* copiesOf(
  set: BulkJobs,
  originals: readonly { jobId: Uint8Array; acceptedAt: number }[],
  index: number,
): Generator<Copy, undefined> {
  for (let n = 0; n < set.count; n += 1) {
    const original = originals[n % originals.length];
    if (original === undefined) throw new Error(`There is no job to copy: ${set.templates}`);
    const at = Math.floor(set.from + ((set.until - set.from) * n) / set.count);
    const round = 1 + Math.floor(n / originals.length);
    yield { n, jobId: idAt(at, n, index), template: original.jobId, shift: at - original.acceptedAt, round };
  }
}

/** A UUIDv7 of that moment; `n` and `set` make it the only one. */
function idAt(milliseconds: number, n: number, set: number): Uint8Array {
  const id = Buffer.alloc(16);
  id.writeUIntBE(milliseconds, 0, 6);
  id.writeUInt16BE(0x7000 | set, 6);
  id.writeUInt16BE(0x8000, 8);
  id.writeUIntBE(n, 10, 6);
  return id;
}
