import type { OutputFormat } from "../command.ts";

/** How a kind of resource is shown to a person. */
export interface View<T> {
  columns: readonly { title: string; value(item: T): string }[];
  /** Beside the columns, for one item on its own. */
  details?: readonly { title: string; value(item: T): string }[];
  /** What `--output name` prints. */
  name(item: T): string;
}

/** Prints a list: a table, one array in JSON or YAML, or one name a line. */
export async function printList<T>(items: readonly T[], view: View<T>, format: OutputFormat): Promise<void> {
  if (format === "json") return write(JSON.stringify(items, null, 2));
  if (format === "yaml") return write(await yaml(items));
  if (format === "name") return write(items.map((item) => view.name(item)).join("\n"));
  const rows = items.map((item) => view.columns.map((column) => oneLine(column.value(item))));
  write(
    await table(
      view.columns.map(({ title }) => title),
      rows,
    ),
  );
}

/** Prints one item: its fields below each other, one object in JSON or YAML, or its name. */
export async function printOne<T>(item: T, view: View<T>, format: OutputFormat): Promise<void> {
  if (format === "json") return write(JSON.stringify(item, null, 2));
  if (format === "yaml") return write(await yaml(item));
  if (format === "name") return write(view.name(item));
  const fields = [...view.columns, ...(view.details ?? [])]
    .map(({ title, value }) => ({ title, text: value(item) }))
    .filter(({ text }) => text !== "");
  const width = Math.max(...fields.map(({ title }) => title.length));
  const indent = " ".repeat(width + 2);
  write(fields.map(({ title, text }) => `${title.padEnd(width)}  ${text.replaceAll("\n", `\n${indent}`)}`).join("\n"));
}

/** Prints one item as a line of a table; else as `printOne` does. For commands that answer with what they made. */
export async function printRow<T>(item: T, view: View<T>, format: OutputFormat): Promise<void> {
  return format === "table" ? await printList([item], view, format) : await printOne(item, view, format);
}

function write(text: string): void {
  if (text !== "") process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

async function yaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value);
}

async function table(head: string[], rows: string[][]): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const grid = new Table({
    head,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    chars: plainBorders,
    colAligns: [],
  });
  grid.push(...rows);
  return grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Two spaces between columns and nothing else, so that the text can be cut by other programs. */
const plainBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
