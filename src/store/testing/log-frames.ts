/* For tests only: the write-ahead log as https://www.sqlite.org/walformat.html describes it. */

const headerBytes = 32;
const frameHeaderBytes = 24;

/** Offsets in the log behind the last frame of each commit, in order. */
export function commitEnds(log: Buffer): number[] {
  const frameBytes = frameHeaderBytes + log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  const ends: number[] = [];
  for (let frame = headerBytes; frame + frameBytes <= log.length; frame += frameBytes) {
    // What is left of an earlier round of the log has another salt.
    if (!log.subarray(frame + 8, frame + 16).equals(salt)) break;
    const isCommit = log.readUInt32BE(frame + 4) > 0;
    if (isCommit) ends.push(frame + frameBytes);
  }
  return ends;
}
