import { columnTypes, ownColumns } from "./mssql-schema.ts";
import type { Schema, SchemaColumn, SchemaTable } from "./schema.ts";

/* For tests only. */

/**
 * The tables that T-SQL files of this project make, read from their text, so that a machine without SQL Server sees a difference
 * too. It knows no more than what these files use.
 */
export function readMssqlSchemaText(files: readonly string[]): Schema {
  const schema: Schema = {};
  for (const file of files) {
    const text = file.replaceAll(/--.*$/gm, "");
    if (/^\s*ALTER TABLE(?! runsmith\.\w+ ADD (?!CONSTRAINT)[^;]+;)/im.test(text)) {
      throw new Error(
        "A migration alters a table otherwise than by one column: teach readMssqlSchemaText to read that.",
      );
    }
    for (const [, name = "", body = ""] of text.matchAll(/^CREATE TABLE runsmith\.(\w+) \(\n(.*?)^\);/gms)) {
      schema[name] = readTable(body);
    }
    for (const [, name = "", column = ""] of text.matchAll(/^ALTER TABLE runsmith\.(\w+) ADD ([^;]+);/gm)) {
      Object.assign(schema[name]?.columns ?? {}, readTable(column).columns);
    }
    for (const [, table = "", columns = ""] of text.matchAll(
      /^CREATE UNIQUE INDEX \w+ ON runsmith\.(\w+) \(([^)]*)\);/gm,
    )) {
      schema[table]?.uniqueKeys.push(listOf(columns));
    }
  }
  for (const table of Object.values(schema)) {
    table.uniqueKeys.sort();
    table.references.sort();
  }
  return schema;
}

function readTable(body: string): SchemaTable {
  const table: SchemaTable = { columns: {}, uniqueKeys: [], references: [] };
  for (const part of topLevelParts(body)) {
    const key = /^CONSTRAINT \w+ (?:PRIMARY KEY CLUSTERED|UNIQUE) \(([^)]*)\)$/.exec(part);
    if (key !== null) {
      table.uniqueKeys.push(listOf(key[1] ?? ""));
      continue;
    }
    const [, name = "", type = "", rest = ""] = /^\[?(\w+)\]? (\w+)(?:\([^)]*\))?(.*)$/s.exec(part) ?? [];
    if (ownColumns.includes(name)) {
      continue;
    }
    table.columns[name] = readColumn(type, rest);
    if (/ (?:PRIMARY KEY CLUSTERED|UNIQUE)\b/.test(rest)) {
      table.uniqueKeys.push(name);
    }
    const [, parent, cascade] = /REFERENCES runsmith\.(\w+) \(\w+\)( ON DELETE CASCADE)?/.exec(rest) ?? [];
    if (parent !== undefined) {
      table.references.push(`${name} → ${parent} ${cascade === undefined ? "restrict" : "cascade"}`);
    }
  }
  return table;
}

function readColumn(type: string, rest: string): SchemaColumn {
  const known = columnTypes[type];
  if (known === undefined) {
    throw new Error(`No column of this project is of type ${type}.`);
  }
  return {
    type: known,
    nullable: !/ NOT NULL\b/.test(rest),
    ignoresCase: /COLLATE \w+_CI_/.test(rest),
    initial: / DEFAULT N?('[^']*'|-?\d+)/.exec(rest)?.[1] ?? null,
  };
}

/** The parts of a table's definition: what is between commas outside of parentheses and strings. */
function topLevelParts(body: string): string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (const [token] of body.matchAll(/'[^']*'|[(),]|[^'(),]+/g)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (token === "," && depth === 0) {
      parts.push(part);
      part = "";
    } else {
      part += token;
    }
  }
  return [...parts, part].map((text) => text.replaceAll(/\s+/g, " ").trim());
}

function listOf(columns: string): string {
  return columns
    .split(",")
    .map((column) => column.trim().replaceAll(/[[\]]/g, ""))
    .join(",");
}
