import { existsSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, join, sep } from "node:path";

/**
 * Files and folders with what Runsmith itself runs, outside of every sandbox: its package, the packages it was installed with,
 * Node, and Node's cache of compiled code. Who changes one of them runs as the worker's account.
 *
 * @param module The folder of one of the package's modules.
 */
export function programPaths(module: string = import.meta.dirname): string[] {
  const packageFolder = folderWithPackage(module);
  const outerPackages = packageFolder.indexOf(`${sep}node_modules${sep}`);
  const cache = getCompileCacheDir();
  return [
    outerPackages < 0 ? packageFolder : packageFolder.slice(0, outerPackages + `${sep}node_modules`.length),
    process.execPath,
    ...(cache === undefined ? [] : [dirname(cache)]),
  ];
}

function folderWithPackage(folder: string): string {
  for (let place = folder; place !== dirname(place); place = dirname(place)) {
    if (existsSync(join(place, "package.json"))) return place;
  }
  return folder;
}
