/** Names as a list, and how many there are beside those that may be read. */
export function withFurther(names: readonly string[], further: number): string {
  return [...names, ...(further === 0 ? [] : [`${further} that you may not read`])].join(", ");
}
