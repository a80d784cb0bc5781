import { randomBytes } from "node:crypto";
import { defaultWorkerGroup } from "../contract/api/placement.ts";
import type { NewWorkerResource } from "../contract/api/worker.ts";
import { checkedTags } from "../contract/tag.ts";
import { UserError } from "../contract/user-error.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { StoredWorker } from "../store/operations/workers.ts";
import type { Store } from "../store/store.ts";
import { checkWorkerName } from "./worker-change.ts";
import { workerResource } from "./worker-resource.ts";

const tokenPurpose = "worker";

export interface WorkerToRegister {
  /** Made from the group's when left out. */
  name?: string;
  group?: string;
  tags?: string[];
  /** Name of the principal. */
  createdBy?: string;
  /** Of a request that may be repeated: the worker is made once under this key. */
  idempotency?: IdempotencyKey | undefined;
}

export interface RegistrationOptions {
  store: Pick<Store, "read" | "write" | "once">;
  /** Makes a worker's token: the text that is shown once, and the SHA-256 that is stored. */
  newToken(): { token: string; hash: Uint8Array };
  /** A principal's former tokens are dead. */
  tokensRevoked(principalId: string): void;
}

/** Makes workers, and the tokens that they connect with. */
export class WorkerRegistration {
  readonly #options: RegistrationOptions;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * @throws UserError `worker-exists`, `answer-not-repeated` (409) when the key made a worker before, whose token was shown then;
   * `invalid-worker-name`, `invalid-request` for a tag
   */
  async create(worker: WorkerToRegister): Promise<NewWorkerResource> {
    const { name, group = defaultWorkerGroup, tags, createdBy, idempotency } = worker;
    const chosen = name ?? `${group}-${randomBytes(4).toString("hex")}`;
    checkWorkerName("/name", chosen);
    checkWorkerName("/group", group);
    const { store } = this.#options;
    const { token, hash } = this.#options.newToken();
    const writes = idempotency === undefined ? store.write : store.once(idempotency);
    const stored = await writes.createWorker({
      name: chosen,
      group,
      ...(tags !== undefined && { tags: checkedTags(tags, "/tags") }),
      tokenHash: hash,
      tokenPurpose,
      ...(createdBy !== undefined && { createdBy }),
    });
    if (idempotency !== undefined && (await store.read.tokenHolder({ hash })) === null) {
      throw alreadyMade(stored);
    }
    return { ...workerResource(stored), token };
  }

  /**
   * A fresh token for the worker of this name and group; its former one ends. The worker is made when it is not there, under a
   * longer name when another one has this name.
   */
  async freshToken({ name, group }: { name: string; group: string }): Promise<string> {
    const known = await this.#options.store.read.workerByName({ name });
    if (known?.group.toLowerCase() === group.toLowerCase()) {
      const { token, hash } = this.#options.newToken();
      const { principalId } = known;
      await this.#options.store.write.createToken({
        principalId,
        purpose: tokenPurpose,
        hash,
        expiresAt: null,
        replace: true,
      });
      this.#options.tokensRevoked(principalId);
      return token;
    }
    const free = known === null ? name : `${name}-${randomBytes(4).toString("hex")}`;
    return (await this.create({ name: free, group })).token;
  }
}

function alreadyMade({ name }: StoredWorker): UserError {
  return new UserError("answer-not-repeated", `The worker ${name} was made already; its token is shown once only.`, {
    status: 409,
    remedy: "If the token was lost, remove the worker and make it anew under another Idempotency-Key.",
  });
}
