import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";

/**
 * The part of the machine that every host sees read-only: `/usr` as it is, and an `/etc` of our own making.
 * One prepared folder costs one mount instead of twenty, and shows nothing of the machine's own settings.
 */
export interface SystemView {
  /** The folder mounted as `/etc`. */
  etc: string;
  /** `bin`, `lib`, … in the root: links into `/usr` where this machine has links, else folders to mount. */
  rootLinks: { path: string; target: string }[];
  rootFolders: string[];
}

/** Taken over from the machine, where they exist: what programs and their libraries look up. */
const takenOver = [
  "alternatives",
  "ca-certificates.conf",
  "gai.conf",
  "gss",
  "host.conf",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "mime.types",
  "os-release",
  "pki",
  "protocols",
  "services",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "timezone",
];

const written: Record<string, string> = {
  // The account's number is 65534 inside whatever it is outside.
  passwd: "root:x:0:0:root:/root:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
  group: "root:x:0:\nnogroup:x:65534:\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
  hosts: "127.0.0.1 localhost job\n::1 localhost\n",
  hostname: "job\n",
  // Replaced by the machine's own where the network is granted; both need a file to be mounted on.
  "resolv.conf": "",
};

const rootNames = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/**
 * An `/etc` that has, beside what every host sees, places to mount granted files and folders of the machine's `/etc` on.
 *
 * @param mountPoints Absolute paths below `/etc`, with what to make there.
 */
export async function prepareEtcWith(
  runtimeDirectory: string,
  mountPoints: readonly { path: string; directory: boolean }[],
): Promise<string> {
  return prepareEtc(runtimeDirectory, mountPoints);
}

/** Prepares the view in a folder of `runtimeDirectory` named after its content; does nothing where it exists already. */
export async function prepareSystemView(runtimeDirectory: string): Promise<SystemView> {
  const rootLinks: SystemView["rootLinks"] = [];
  const rootFolders: string[] = [];
  for (const name of rootNames) {
    const found = await lstat(`/${name}`).catch(() => null);
    if (found?.isSymbolicLink()) rootLinks.push({ path: `/${name}`, target: await readlink(`/${name}`) });
    else if (found?.isDirectory()) rootFolders.push(`/${name}`);
  }
  return { etc: await prepareEtc(runtimeDirectory, []), rootLinks, rootFolders };
}

async function prepareEtc(
  runtimeDirectory: string,
  mountPoints: readonly { path: string; directory: boolean }[],
): Promise<string> {
  const making = await mkdtemp(join(runtimeDirectory, ".etc-"));
  try {
    for (const [name, text] of Object.entries(written)) await writeFile(join(making, name), text);
    for (const name of takenOver) await takeOver(`/etc/${name}`, join(making, name));
    for (const { path, directory } of mountPoints)
      await makeMountPoint(join(making, path.slice("/etc/".length)), directory);
    await makeReadable(making);
    const place = join(runtimeDirectory, `etc-${await fingerprint(mountPoints)}`);
    try {
      await rename(making, place);
    } catch (error) {
      // Another worker of this machine, or this one before, has made the same.
      if (!(await lstat(place).catch(() => null))?.isDirectory()) throw error;
    }
    return place;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function takeOver(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch(() => null);
  if (found === null) return;
  await mkdir(join(to, ".."), { recursive: true });
  try {
    if (found.isDirectory()) await cp(from, to, { recursive: true, verbatimSymlinks: true });
    else if (found.isSymbolicLink() && (await realpath(from)).startsWith("/usr/"))
      await symlink(await readlink(from), to);
    else await copyFile(from, to);
  } catch {
    // Not readable by this account, so neither is it for its jobs.
  }
}

async function makeMountPoint(place: string, directory: boolean): Promise<void> {
  if ((await lstat(place).catch(() => null)) !== null) return;
  if (directory) await mkdir(place, { recursive: true });
  else {
    await mkdir(join(place, ".."), { recursive: true });
    await writeFile(place, "");
  }
}

/** Whatever the worker's umask is: hosts run as other accounts. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) await makeReadable(place);
    else if (entry.isFile()) await chmod(place, 0o644);
  }
}

/** Changes when what is taken over changes; modification times suffice, this runs at each start of a worker. */
async function fingerprint(mountPoints: readonly unknown[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([written, mountPoints]));
  for (const name of [...takenOver, "ssl/certs/ca-certificates.crt"]) {
    const found = await lstat(`/etc/${name}`).catch(() => null);
    hash.update(`${name} ${found?.mtimeMs ?? 0} ${found?.size ?? 0}\n`);
  }
  hash.update(await readFile("/etc/ld.so.cache").catch(() => ""));
  return hash.digest("hex").slice(0, 16);
}
