import { chmodSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { root } from "./root.js";

const link = `${root}/node_modules/.bin/runsmith`;
const target = "../../bin/runsmith.js";

/** Makes `npx runsmith` find the checkout's own command at once: npm links the commands of packages, not the root's own. */
export function ensureLink() {
  chmodSync(`${root}/bin/runsmith.js`, 0o755);
  if (current() === target) return;
  mkdirSync(`${root}/node_modules/.bin`, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

function current() {
  try {
    return lstatSync(link).isSymbolicLink() ? readlinkSync(link) : null;
  } catch {
    return null;
  }
}
