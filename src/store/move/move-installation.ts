import { UserError } from "../../contract/user-error.ts";
import { bytesToId } from "../id-bytes.ts";
import type { DatabaseTables, Table } from "./database-tables.ts";
import type { DatabaseLocation } from "./open-tables.ts";
import { openTables } from "./open-tables.ts";
import { readAll } from "./read-all.ts";
import type { TableSum } from "./table-checksum.ts";
import { sumOf } from "./table-checksum.ts";

export interface MoveOptions {
  from: DatabaseLocation;
  to: DatabaseLocation;
  /** Told what is being done with which table, and which share of all of it is done, from 0 to 1. */
  progress?: (step: "copy" | "check", table: string, share: number) => void;
  signal?: AbortSignal;
}

/** A table that is the same on both sides. */
export interface MovedTable extends TableSum {
  table: string;
}

export interface MovedInstallation {
  installationId: string;
  tables: MovedTable[];
}

/**
 * Copies a whole installation into the other database, every row with its ids, then reads both sides as a whole and compares
 * counts and checksums, table by table. No service may use either database. Nothing is changed where it comes from. When it is
 * interrupted, the same call goes on where it was; until it has ended, no service opens the database that it goes to.
 * @throws UserError `move-same-database`, `move-nothing`, `database-in-use`, `move-target-used`, `move-differs`, and those of
 * `openStore`; whatever `signal` was aborted with.
 */
export async function moveInstallation({ from, to, progress, signal }: MoveOptions): Promise<MovedInstallation> {
  await using stack = new AsyncDisposableStack();
  const open = async (location: DatabaseLocation, mustExist: boolean) => {
    const opened = await openTables(location, { mustExist });
    stack.defer(() => opened.close());
    return opened;
  };
  const source = await open(from, true);
  const target = await open(to, false);
  if (source.shown === target.shown) {
    throw new UserError("move-same-database", `Both files name ${source.shown}.`, {
      remedy: "Name another database with --to-file.",
    });
  }
  const tables = inOrder(await sameTables(source, target));
  const installationId = await installationOf(source, tables);
  await refuseUsed(source);
  await refuseUsed(target);
  await prepareTarget(target, tables, installationId);

  const counts = new Map<string, number>();
  for (const table of tables) counts.set(table.name, await source.count(table));
  const share = shareOfWork([...counts.values()].reduce((sum, count) => sum + count, 0));
  for (const table of tables) {
    await copyTable(source, target, table, (rows) => {
      signal?.throwIfAborted();
      progress?.("copy", table.name, share(rows));
    });
  }
  const moved: MovedTable[] = [];
  for (const table of tables) {
    const check = (rows: number) => {
      signal?.throwIfAborted();
      progress?.("check", table.name, share(rows / 2));
    };
    const [there, here] = await Promise.all([sumOf(source, table, check), sumOf(target, table, check)]);
    if (there.rows !== here.rows || there.checksum !== here.checksum) throw differs(table, there, here, source, target);
    moved.push({ table: table.name, ...here });
  }
  await target.endMove();
  return { installationId, tables: moved };
}

/** Gives the share of all work that is done, when told of further rows; copying and checking count the same. */
function shareOfWork(rows: number): (further: number) => number {
  let done = 0;
  return (further) => {
    done += further;
    return rows === 0 ? 1 : Math.min(1, done / (2 * rows));
  };
}

async function copyTable(
  source: DatabaseTables,
  target: DatabaseTables,
  table: Table,
  progress: (rows: number) => void,
): Promise<void> {
  let after = null;
  if (table.sameOrder) {
    after = await target.lastKey(table);
    if (after !== null) progress(await target.count(table));
  } else {
    // Nobody can say what is missing by order, and these are small.
    await target.clear(table);
  }
  for await (const rows of readAll(source, table, after)) {
    await target.insert(table, rows);
    progress(rows.length);
  }
}

async function prepareTarget(target: DatabaseTables, tables: Table[], installationId: string): Promise<void> {
  const unfinished = await target.unfinishedMove();
  if (unfinished === installationId) return;
  const installation = tables.find(({ name }) => name === "installation");
  const used = installation !== undefined && (await target.count(installation)) > 0;
  if (unfinished !== null || used) {
    const what = unfinished === null ? "holds an installation already" : "holds a part of another installation";
    throw new UserError("move-target-used", `${target.shown} ${what}.`, {
      status: 409,
      remedy: "Give an empty database; nothing is overwritten.",
    });
  }
  await target.beginMove(installationId);
  // What the migrations themselves have put there comes from the source too.
  for (const table of tables.toReversed()) await target.clear(table);
}

async function installationOf(source: DatabaseTables, tables: Table[]): Promise<string> {
  const table = tables.find(({ name }) => name === "installation");
  const [row] = table === undefined ? [] : await source.read(table, null, 1);
  const id = table === undefined ? undefined : row?.[table.columns.indexOf("installation_id")];
  if (!(id instanceof Uint8Array) || (await source.unfinishedMove()) !== null) {
    throw new UserError("move-nothing", `${source.shown} holds no whole installation.`, {
      remedy: "Name the database of a server that has been started at least once with --from-file.",
    });
  }
  return bytesToId(id);
}

async function refuseUsed(database: DatabaseTables): Promise<void> {
  const why = await database.inUse();
  if (why !== null) {
    throw new UserError("database-in-use", `${database.shown} cannot be moved now: ${why}.`, {
      status: 409,
      remedy: "Stop every service of this installation, wait for half a minute, and try again.",
    });
  }
}

/** The tables, which both sides must have alike. */
async function sameTables(source: DatabaseTables, target: DatabaseTables): Promise<Table[]> {
  const [tables, others] = await Promise.all([source.tables(), target.tables()]);
  const shape = (of: Table[]) =>
    JSON.stringify(
      of.map(({ name, columns, key }) => ({ name, columns, key })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  if (shape(tables) !== shape(others)) {
    throw new Error("The schemas of the two databases differ.");
  }
  return tables.map((table) => ({
    ...table,
    sameOrder: table.sameOrder && others.some(({ name, sameOrder }) => name === table.name && sameOrder),
    parents: [...new Set([...table.parents, ...(others.find(({ name }) => name === table.name)?.parents ?? [])])],
  }));
}

/** Parents before those that refer to them. */
function inOrder(tables: Table[]): Table[] {
  const left = new Map(tables.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((table) => [table.name, table]));
  const ordered: Table[] = [];
  while (left.size > 0) {
    const next = [...left.values()].filter(({ parents }) => !parents.some((parent) => left.has(parent)));
    if (next.length === 0) throw new Error(`Tables refer to each other in a circle: ${[...left.keys()].join(", ")}`);
    for (const table of next) {
      ordered.push(table);
      left.delete(table.name);
    }
  }
  return ordered;
}

function differs(
  table: Table,
  there: TableSum,
  here: TableSum,
  source: DatabaseTables,
  target: DatabaseTables,
): UserError {
  return new UserError(
    "move-differs",
    `The table ${table.name} has ${there.rows} rows (${there.checksum.slice(0, 16)}…) in ${source.shown} and ${here.rows} (${here.checksum.slice(0, 16)}…) in ${target.shown}.`,
    {
      status: 409,
      remedy:
        "Something has changed one of them meanwhile. See that no service uses them, empty the database of --to-file, and begin anew.",
    },
  );
}
