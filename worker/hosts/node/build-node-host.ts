import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * The host's programs as they stand in the sources: `.ts` in a checkout, `.js` in an installed package. The second is what
 * a host loads that runs one job after another.
 */
const extension = path.extname(import.meta.filename);
const entries = {
  "host.mjs": path.join(import.meta.dirname, `host${extension}`),
  "clean-state.mjs": path.join(import.meta.dirname, "reuse", `clean-state${extension}`),
};

/**
 * Bundles the host and the runbook API into JavaScript modules, `node-host-<hash of their texts>/host.mjs` and what it loads
 * on demand beside it, below `outputDirectory`, which everyone may read. Writes nothing when they are there already.
 * @returns the absolute path of `host.mjs`
 */
export async function buildNodeHost(outputDirectory: string): Promise<string> {
  const programs = await Promise.all(
    Object.entries(entries).map(async ([name, entry]) => ({ name, program: await bundle(entry) })),
  );
  const hash = createHash("sha256");
  for (const { name, program } of programs) hash.update(`${name}\0${program}\0`);
  const folder = path.resolve(outputDirectory, `node-host-${hash.digest("hex").slice(0, 16)}`);
  await mkdir(folder, { recursive: true });
  // Hosts run under other accounts, whatever the umask of the worker.
  await chmod(folder, 0o755);
  for (const { name, program } of programs) await writeOnce(path.join(folder, name), program);
  return path.join(folder, "host.mjs");
}

async function writeOnce(file: string, program: string): Promise<void> {
  const present = await readFile(file, "utf8").catch(() => undefined);
  if (present === program) return;
  const temporary = `${file}.${randomUUID()}`;
  try {
    // Two workers may build at once; a host never sees half a file.
    await writeFile(temporary, program);
    await chmod(temporary, 0o644);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function bundle(entry: string): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node26",
    // Spaces cost start-up time, readable names are worth it in a bug report.
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "silent",
    absWorkingDir: path.dirname(entry),
  });
  return outputFiles[0]?.text ?? "";
}
