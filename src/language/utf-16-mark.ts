/** Whether a file begins with the byte order mark of UTF-16, as some editors on Windows write it. */
export function hasUtf16Mark(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
