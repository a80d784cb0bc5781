import { randomBytes } from "node:crypto";
import type { AccessFeature } from "../access/access-feature.ts";
import { newToken, tokenHash } from "../access/token.ts";
import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";

/** Name of the worker that `npm start` runs beside the server. */
export const localWorkerName = "local";
const purpose = "worker";

/** A fresh token for the local worker of a group; the worker is made when it is not there, its former token ends. */
export async function localWorkerToken(
  store: Pick<Store, "read" | "write">,
  access: AccessFeature,
  group: string,
): Promise<string> {
  const name = group === "default" ? localWorkerName : `${localWorkerName}-${group}`;
  const known = (await store.read.workers()).find((worker) => worker.name === name && worker.group === group);
  if (known !== undefined) {
    return access.replaceToken(known.principalId, purpose);
  }
  const token = newToken();
  const create = (unused: string) =>
    store.write.createWorker({ name: unused, group, tokenHash: tokenHash(token), tokenPurpose: purpose });
  try {
    await create(name);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "worker-exists") {
      throw error;
    }
    // The name belongs to a worker of another group, or to one that was removed and whose lease has not ended.
    await create(`${name}-${randomBytes(4).toString("hex")}`);
  }
  return token;
}
