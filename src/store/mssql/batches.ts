/** A line that ends a batch, as SQL Server's own tools have it. */
const separator = /^[ \t]*GO[ \t]*\r?$/gim;

/**
 * The batches of a T-SQL file. The server takes one at a time, and a procedure has to be alone in its own. No line of a string or a
 * comment may consist of the word GO.
 */
export function batchesOf(text: string): string[] {
  return text
    .split(separator)
    .map((batch) => batch.trim())
    .filter((batch) => batch !== "");
}
