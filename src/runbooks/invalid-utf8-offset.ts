/**
 * Offset of the first byte that does not belong to a well-formed UTF-8 sequence (Unicode 16, table 3-7);
 * the length when all do.
 */
export function invalidUtf8Offset(bytes: Uint8Array): number {
  let offset = 0;
  while (offset < bytes.length) {
    const length = sequenceLength(bytes, offset);
    if (length === 0) {
      return offset;
    }
    offset += length;
  }
  return offset;
}

/** Bytes of the well-formed sequence at this offset, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset] ?? 0;
  if (first < 0x80) {
    return 1;
  }
  const following =
    first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0;
  const second = bytes[offset + 1] ?? 0;
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (following === 0 || second < lowest || second > highest) {
    return 0;
  }
  for (let index = 2; index <= following; index++) {
    const byte = bytes[offset + index] ?? 0;
    if (byte < 0x80 || byte > 0xbf) {
      return 0;
    }
  }
  return following + 1;
}
