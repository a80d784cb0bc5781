import type { ParameterSchema } from "../contract/signature.ts";
import type { SealedColumn } from "../sealing/sealed-columns.ts";
import type { SealedPlace } from "../sealing/sealed-place.ts";
import type { Sealer } from "../sealing/sealer.ts";
import { notSealed } from "../sealing/sealer.ts";
import type { Store } from "../store/store.ts";

type Parameters = Record<string, unknown>;

/** What stands in a job's row in place of a secret value: base64 of the sealed JSON. */
interface SealedParameter {
  sealed: string;
}

/** Rows of jobs that are looked at in one step of a rotation; few of them have secrets. */
const lookedAtOnce = 1_000;

/**
 * Secret parameters, of jobs where nothing else is said: sealed when a job is accepted, opened when it is handed over, or started again.
 */
export class SealedParameters {
  readonly #sealer: Sealer | null;
  readonly #table: string;

  /**
   * @param sealer null where nothing is sealed, as in tests of other things
   * @param inTable where they are stored
   */
  constructor(sealer: Sealer | null, inTable = table) {
    this.#sealer = sealer;
    this.#table = inTable;
  }

  /** The parameters as they are stored, in the row of this id. */
  seal(rowId: string, parameters: Parameters, secretNames: readonly string[], setVersion = version): Parameters {
    const sealer = this.#sealer;
    if (sealer === null || secretNames.length === 0) {
      return parameters;
    }
    const stored = { ...parameters };
    for (const name of secretNames) {
      const sealed = sealer.seal(Buffer.from(JSON.stringify(parameters[name])), this.#place(rowId, name, setVersion));
      stored[name] = { sealed: Buffer.from(sealed).toString("base64") } satisfies SealedParameter;
    }
    return stored;
  }

  /** The parameters as they were given. @throws UserError `sealed-value-altered`, `master-key-missing` */
  open(rowId: string, parameters: Parameters, secretNames: readonly string[], setVersion = version): Parameters {
    const sealer = this.#sealer;
    if (sealer === null || secretNames.length === 0) {
      return parameters;
    }
    const given = { ...parameters };
    for (const name of secretNames) {
      if (Object.hasOwn(parameters, name)) {
        const value = parameters[name];
        const place = this.#place(rowId, name, setVersion);
        if (!isSealed(value)) {
          throw notSealed(place);
        }
        const opened = sealer.open(Buffer.from(value.sealed, "base64"), place);
        given[name] = JSON.parse(Buffer.from(opened).toString()) as unknown;
      }
    }
    return given;
  }

  #place(rowId: string, name: string, setVersion: number): SealedPlace {
    return { table: this.#table, column: parameterColumn(name), rowId, version: setVersion };
  }
}

/** The names of the parameters that a version calls secret. */
export function secretParametersOf(schemas: Readonly<Record<string, ParameterSchema>>): string[] {
  return Object.keys(schemas).filter((name) => schemas[name]?.["x-secret"] === true);
}

/** For the rotation of the master key. */
export function jobParametersColumn(store: Pick<Store, "read" | "write">): SealedColumn {
  return {
    table,
    column,
    async page(after) {
      const { jobs, next } = await store.read.jobsWithSecrets({ after, limit: lookedAtOnce });
      const rows = jobs.flatMap(({ jobId, parameters, secretNames }) =>
        sealedValues(parameters, secretNames).map((value) => ({ rowId: jobId, version, ...value })),
      );
      return { rows, next };
    },
    rewrap: (rows) =>
      store.write.rewrapJobParameters({
        values: rows.map(({ rowId, former, sealed }) => ({
          jobId: rowId,
          former: Buffer.from(former).toString("base64"),
          sealed: Buffer.from(sealed).toString("base64"),
        })),
      }),
  };
}

const table = "job_parameters";
const column = "parameters";
/** The parameters of a job never change. */
const version = 1;

/** The sealed ones of stored parameters, each with the column that it is bound to. */
export function sealedValues(
  parameters: Parameters,
  secretNames: readonly string[],
): { column: string; sealed: Uint8Array }[] {
  return secretNames.flatMap((name) => {
    const value = parameters[name];
    return isSealed(value) ? [{ column: parameterColumn(name), sealed: Buffer.from(value.sealed, "base64") }] : [];
  });
}

function parameterColumn(name: string): string {
  return `${column}/${name}`;
}

function isSealed(value: unknown): value is SealedParameter {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 1 &&
    typeof (value as Partial<SealedParameter>).sealed === "string"
  );
}
