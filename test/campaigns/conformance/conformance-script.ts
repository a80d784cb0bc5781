import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** A script that pwsh and the host have to run alike. */
export interface ConformanceScript {
  /** The file that it stands in, without its ending. */
  topic: string;
  /** Unique within its topic. */
  title: string;
  text: string;
  /** What a job is given, as JSON, and the same as arguments on PowerShell's command line. */
  given: { parameters: Record<string, unknown>; arguments: string } | null;
}

const folder = path.join(import.meta.dirname, "scripts");
const titleMark = "#### ";
const givenMark = "#given ";
const argumentsMark = "#arguments ";

/**
 * Reads `scripts/*.ps1`. In each file a line `#### title` begins a script. A script with parameters says right below what it
 * is given, as JSON after `#given`, and as PowerShell after `#arguments`.
 */
export async function readConformanceScripts(): Promise<ConformanceScript[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ps1")).sort();
  const scripts: ConformanceScript[] = [];
  for (const file of files) {
    const sections = `\n${await readFile(path.join(folder, file), "utf8")}`.split(`\n${titleMark}`).slice(1);
    for (const section of sections) scripts.push(readSection(path.basename(file, ".ps1"), section));
  }
  return scripts;
}

/** How a script is called in reports and in the list of differences. */
export function nameOf({ topic, title }: ConformanceScript): string {
  return `${topic}: ${title}`;
}

function readSection(topic: string, section: string): ConformanceScript {
  const [title = "", ...lines] = section.split("\n");
  const [first, second] = lines;
  if (!first?.startsWith(givenMark)) return { topic, title, text: lines.join("\n"), given: null };
  if (!second?.startsWith(argumentsMark)) throw new Error(`${topic}: ${title}: ${argumentsMark}is missing`);
  const parameters = JSON.parse(first.slice(givenMark.length)) as Record<string, unknown>;
  return {
    topic,
    title,
    text: lines.slice(2).join("\n"),
    given: { parameters, arguments: second.slice(argumentsMark.length) },
  };
}
