import { createHash, randomUUID } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** The host's program as it stands in the sources: `.ts` in a checkout, `.js` in an installed package. */
const entry = path.join(import.meta.dirname, `host${path.extname(import.meta.filename)}`);

/**
 * Bundles the host and the runbook API into one JavaScript module, `node-host-<hash of its text>/host.mjs` below
 * `outputDirectory`, which everyone may read. Writes nothing when it is there already.
 * @returns its absolute path
 */
export async function buildNodeHost(outputDirectory: string): Promise<string> {
  const program = await bundle();
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 16);
  const folder = path.resolve(outputDirectory, `node-host-${hash}`);
  const file = path.join(folder, "host.mjs");
  const present = await readFile(file, "utf8").catch(() => undefined);
  if (present === program) return file;
  await mkdir(folder, { recursive: true });
  // Hosts run under other accounts, whatever the umask of the worker.
  await chmod(folder, 0o755);
  const temporary = `${file}.${randomUUID()}`;
  try {
    // Two workers may build at once; a host never sees half a file.
    await writeFile(temporary, program);
    await chmod(temporary, 0o644);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

async function bundle(): Promise<string> {
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
