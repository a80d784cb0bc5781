import type { ParameterSchema, Signature } from "../contract/signature.ts";
import type { VersionToRun } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { secretParametersOf } from "./sealed-parameters.ts";

/** What a worker needs of a version to run it. */
export interface RunnableVersion {
  script: string;
  /** SHA-256 of the script, hexadecimal. */
  scriptHash: string;
  parameterSchemas: Record<string, ParameterSchema>;
  /** The names of the parameters that are secret. */
  secretNames: readonly string[];
  signature: Signature;
  number: number;
  runbook: VersionToRun["runbook"];
  /** Names of other runbooks that it may call inside itself. */
  calls: readonly string[];
}

/** UTF-16 units of scripts that are remembered. */
const charactersKept = 32 * 1024 * 1024;

/** The texts of versions, which never change, remembered between claims. */
export class RunnableVersions {
  readonly #store: Pick<Store, "read">;
  readonly #versions = new BoundedCache<string, RunnableVersion>(charactersKept, ({ script }) => script.length + 1024);

  constructor(store: Pick<Store, "read">) {
    this.#store = store;
  }

  remembered(versionId: string): RunnableVersion | undefined {
    return this.#versions.get(versionId);
  }

  /** Null when the version is gone, or has no text that can run. */
  async lookUp(versionId: string): Promise<RunnableVersion | null> {
    const known = this.#versions.get(versionId);
    if (known !== undefined) {
      return known;
    }
    const stored = await this.#store.read.versionToRun({ versionId });
    if (stored === null) {
      return null;
    }
    const { executable, executableHash, signature, number, runbook, calls } = stored;
    const parameterSchemas = signature.properties;
    const secretNames = secretParametersOf(parameterSchemas);
    const version: RunnableVersion = {
      script: executable,
      scriptHash: executableHash,
      parameterSchemas,
      secretNames,
      signature,
      number,
      runbook,
      calls,
    };
    this.#versions.set(versionId, version);
    return version;
  }
}
