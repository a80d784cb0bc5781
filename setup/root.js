import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** The Node that everyone runs, from npm's `node` package. */
export const packagedNode = `${root}/node_modules/node/bin/node`;

/** Tells what the set-up does; on standard error, so that a command's own output stays clean.
 * @param {string} text */
export function say(text) {
  process.stderr.write(`[setup] ${text}\n`);
}
