import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ServerOptions } from "../contract/server-options.ts";
import { UserError } from "../contract/user-error.ts";
import { refuseInside, usualKeyFolder } from "../sealing/key-folder.ts";
import type { KeySource } from "../sealing/key-source.ts";
import { commandKeySource, fileKeySource, fixedKeySource } from "../sealing/key-source.ts";
import { Sealing } from "../sealing/sealing.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "./logging.ts";
import { hideFromLog } from "./token-mask.ts";

/** The environment variable that may hold the master key. */
const variable = "RUNSMITH_MASTER_KEY";

/** A systemd credential of this name may hold it (`LoadCredentialEncrypted=master-key:FILE`). */
const credential = "master-key";

/** Characters of a key in base64, without its padding. */
const shortestKey = 43;

interface SealingParts {
  store: Store;
  options: ServerOptions;
  /** Names this service, as no other. */
  service: string;
  log: Log;
}

/** The sealing of this service, and the file with its master key; null where that comes from elsewhere. @throws UserError */
export async function openSealing({
  store,
  options,
  service,
  log,
}: SealingParts): Promise<{ sealing: Sealing; masterKeyFile: string | null }> {
  const { source, file, mayMake } = await takeMasterKeySource(store.installationId, options);
  if (file !== null) {
    refuseInside(options.dataDirectory, file);
    const found = await stat(file).catch(() => null);
    if (found !== null && (found.mode & 0o004) !== 0) {
      log.warn(`${file} holds the master key and can be read by every account: chmod 600 ${file}`);
    }
  }
  const masterKey = { source, makeAt: mayMake ? file : null };
  return { sealing: await Sealing.open({ store, masterKey, service, logger: log }), masterKeyFile: file };
}

/**
 * Where the master key is: the file or the command that is named, else the variable RUNSMITH_MASTER_KEY, else the systemd credential
 * `master-key`, else a file of Runsmith's own, named by the installation. The variable is taken away, so that no child process inherits it.
 * @throws UserError `usage` when both a file and a command are named
 */
export async function takeMasterKeySource(
  installationId: string,
  options: Pick<ServerOptions, "masterKeyFile" | "masterKeyCommand" | "masterKeyDirectory">,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ source: KeySource; file: string | null; mayMake: boolean }> {
  const { masterKeyFile, masterKeyCommand, masterKeyDirectory } = options;
  const told = environment[variable]?.trim() ?? "";
  delete environment[variable];
  if (masterKeyFile !== undefined && masterKeyCommand !== undefined) {
    throw new UserError("usage", "--master-key-file and --master-key-command contradict each other.");
  }
  if (masterKeyFile !== undefined) {
    return { source: fileKeySource(masterKeyFile), file: masterKeyFile, mayMake: false };
  }
  if (masterKeyCommand !== undefined) {
    return { source: commandKeySource(masterKeyCommand), file: null, mayMake: false };
  }
  if (told !== "") {
    // A key's file has lines that say which key is which: their words are no secret.
    for (const key of told.split(/\s+/).filter((word) => word.length >= shortestKey)) {
      hideFromLog(key);
    }
    return { source: fixedKeySource(told, variable), file: null, mayMake: false };
  }
  const credentials = environment["CREDENTIALS_DIRECTORY"];
  const inCredentials = credentials === undefined ? null : join(credentials, credential);
  if (inCredentials !== null && (await stat(inCredentials).catch(() => null)) !== null) {
    const { shown, read } = fileKeySource(inCredentials);
    // systemd makes it anew with each start; nothing can be added to it.
    return { source: { shown, read }, file: inCredentials, mayMake: false };
  }
  const file = join(masterKeyDirectory ?? usualKeyFolder(), `${installationId}.key`);
  return { source: fileKeySource(file), file, mayMake: true };
}
