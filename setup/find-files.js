import { readdirSync } from "node:fs";
import { root } from "./root.js";

/** Paths, relative to the checkout and sorted, of the files under the folders whose name ends so.
 * @param {string[]} folders
 * @param {string} ending */
export function findFiles(folders, ending) {
  const found = [];
  for (const folder of folders) {
    for (const entry of entriesOf(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== "node_modules") found.push(...findFiles([path], ending));
      else if (entry.isFile() && entry.name.endsWith(ending)) found.push(path);
    }
  }
  return found.sort();
}

function entriesOf(folder) {
  try {
    return readdirSync(`${root}/${folder}`, { withFileTypes: true });
  } catch {
    return [];
  }
}
