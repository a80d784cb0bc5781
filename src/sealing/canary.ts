import { randomBytes } from "node:crypto";
import { UserError } from "../contract/user-error.ts";
import { newId } from "../store/new-id.ts";
import type { Store } from "../store/store.ts";
import { masterKeyIdOf } from "./sealed-value.ts";
import type { KeySealer } from "./sealer.ts";

const prefix = "canary ";
/** What a service left that died just then is removed by another after this time, in milliseconds. */
const forgottenAfter = 3_600_000;

/**
 * Proves that what this service writes is sealed: writes a secret, reads the row as it is, and looks.
 * @throws UserError `not-sealed` when it is not: the service must not run
 */
export async function proveSealing(store: Pick<Store, "read" | "write">, sealer: KeySealer): Promise<void> {
  const secretId = newId();
  const name = `${prefix}${secretId}`;
  const plain = Buffer.from(randomBytes(24).toString("base64"));
  const place = { table: "sealing_secrets", column: "sealed", rowId: secretId, version: 1 };
  await store.write.addSealingSecret({ secretId, name, version: 1, sealed: sealer.seal(plain, place) });
  const raw = (await store.read.sealingSecret({ name }))?.sealed;
  await store.write.removeSealingSecret({ name, prefix, olderThan: forgottenAfter });
  if (raw === undefined || !isSealed(Buffer.from(raw), plain, sealer) || !plain.equals(sealer.open(raw, place))) {
    throw new UserError("not-sealed", "What this service writes into the database as a secret is not sealed there.", {
      status: 500,
      remedy: "Do not run it: its secrets would be readable to whoever reads the database. Report this as a bug.",
    });
  }
}

function isSealed(raw: Buffer, plain: Buffer, sealer: KeySealer): boolean {
  return masterKeyIdOf(raw) === sealer.keys.current.id && !raw.includes(plain);
}
