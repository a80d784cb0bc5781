import { basename } from "node:path";
import { findFiles } from "./find-files.js";
import { root } from "./root.js";
import { runNode } from "./run-node.js";
import { setUp } from "./set-up.js";

/**
 * Runs `<folder>/<NAME>.ts` with the rest of the arguments; without a name, or with an unknown one, lists the names.
 * @param {string} command As the user wrote it, such as `npm run bench`.
 * @param {string} folder
 */
export async function runNamed(command, folder) {
  const [name, ...rest] = process.argv.slice(2);
  const names = findFiles([folder], ".ts")
    .filter((file) => file.split("/").length === folder.split("/").length + 1 && !file.endsWith(".test.ts"))
    .map((file) => basename(file, ".ts"));
  if (name === undefined || !names.includes(name)) {
    const what = name === undefined || name.startsWith("-") ? "Say which one." : `There is no "${name}".`;
    process.stderr.write(`${what} ${command} -- NAME, where NAME is one of: ${names.join(", ") || "(none yet)"}\n`);
    process.exit(name === "--help" ? 0 : 2);
  }
  await setUp();
  runNode([`${root}/${folder}/${name}.ts`, ...rest]);
}
