import type { DispatchHoldResource, DispatchHoldScope } from "../contract/api/dispatch.ts";
import { isoTime } from "../contract/api/iso-time.ts";
import { parseRunTarget } from "../contract/api/placement.ts";
import { looksLikeId } from "../contract/id.ts";
import type { Logger } from "../contract/logger.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredDispatchHold } from "../store/operations/dispatch.ts";
import type { JobEffects } from "../store/operations/jobs.ts";
import type { Store } from "../store/store.ts";

/** What is held: all, a group by its name, a runbook by its id or name. */
export interface HoldSubject {
  scope: DispatchHoldScope;
  /** Left out for all. */
  name?: string;
}

export interface HoldRequest extends HoldSubject {
  reason?: string;
  /** Name of the principal. */
  heldBy: string;
}

export interface DispatchHoldsOptions {
  store: Pick<Store, "read" | "write">;
  logger: Logger;
  onEffects(effects: JobEffects): void;
  /** Holds are other than before. */
  onChange(): Promise<void>;
}

/** Jobs looked at, and let in, in one transaction. */
const parkedAtOnce = 500;
const releasedAtOnce = 100;

/**
 * Operators' switches: while dispatch is held, no further job is given out. A claim looks at the holds itself, when it has its workers'
 * rows, so a hold counts in every service from its commit on. Everything, and a group, cost a claim nothing more. Jobs of a held runbook leave the queue and
 * wait where those wait that a concurrency rule holds, so that no claim meets them: those that are queued are moved there
 * by portions, and what a claim meets meanwhile it moves itself.
 */
export class DispatchHolds {
  readonly #options: DispatchHoldsOptions;
  #stopped = false;

  constructor(options: DispatchHoldsOptions) {
    this.#options = options;
  }

  /** @throws UserError `runbook-not-found` (404), `invalid-hold` */
  async hold(of: HoldRequest): Promise<DispatchHoldResource> {
    const subject = subjectOf(of);
    const { scope, reason = "", heldBy } = of;
    const { store, logger, onChange } = this.#options;
    const held = await store.write.holdDispatch({ scope, subject, reason, heldBy });
    logger.warn("dispatch is held", { scope, name: nameOf(held), reason, heldBy });
    await onChange();
    if (scope === "runbook") {
      this.#inBackground(this.#park(held.subject), "queued jobs of a held runbook could not be parked");
    }
    return holdResource(held);
  }

  /** @throws UserError `runbook-not-found` (404), `not-held` (409), `invalid-hold` */
  async release(of: HoldSubject): Promise<DispatchHoldResource> {
    const { store, logger, onChange } = this.#options;
    const held = await store.write.releaseDispatch({ scope: of.scope, subject: subjectOf(of) });
    if (held === null) {
      const what = of.scope === "all" ? "everything" : `the ${of.scope} ${of.name ?? ""}`;
      throw new UserError("not-held", `Dispatch of ${what} is not held.`, {
        status: 409,
        remedy: "See what is held: npx runsmith get-dispatch.",
      });
    }
    logger.warn("dispatch is released", { scope: held.scope, name: nameOf(held) });
    await onChange();
    if (held.scope === "runbook") {
      this.#inBackground(this.releaseParkedJobs(held.subject), "parked jobs could not be let in; it is tried again");
    }
    return holdResource(held);
  }

  /** @param isVisible which of them are shown; all when it is left out */
  async list(isVisible?: (held: StoredDispatchHold) => boolean | Promise<boolean>): Promise<DispatchHoldResource[]> {
    const visible: DispatchHoldResource[] = [];
    for (const held of await this.#options.store.read.dispatchHolds()) {
      if (isVisible === undefined || (await isVisible(held))) {
        visible.push(holdResource(held));
      }
    }
    return visible;
  }

  /** Lets parked jobs of a runbook into the queue, as many as its rules allow, by portions. */
  async releaseParkedJobs(runbookId: string): Promise<void> {
    for (let more = true; more && !this.#stopped; ) {
      const released = await this.#options.store.write.releaseParkedJobs({ runbookId, limit: releasedAtOnce });
      this.#options.onEffects(released.effects);
      more = released.more;
    }
  }

  /** What goes on by itself ends with its next portion. */
  stop(): void {
    this.#stopped = true;
  }

  async #park(runbookId: string): Promise<void> {
    let after: string | null = null;
    do {
      const { effects, next }: { effects: JobEffects; next: string | null } =
        await this.#options.store.write.parkHeldJobs({ runbookId, after, limit: parkedAtOnce });
      this.#options.onEffects(effects);
      after = next;
    } while (after !== null && !this.#stopped);
  }

  #inBackground(work: Promise<void>, failure: string): void {
    work.catch((error: unknown) => {
      if (!this.#stopped) {
        this.#options.logger.error(failure, { error: String(error) });
      }
    });
  }
}

function subjectOf({ scope, name }: HoldSubject): string {
  if (scope === "all") {
    return "";
  }
  const isName = scope === "group" ? parseRunTarget(`group:${name ?? ""}`) !== null : (name ?? "") !== "";
  if (name === undefined || !isName) {
    throw new UserError("invalid-hold", `A hold of a ${scope} needs its name.`, {
      remedy: `Name it: npx runsmith hold-dispatch --${scope} NAME.`,
      errors: [{ pointer: "/name", message: `is not the name of a ${scope}` }],
    });
  }
  return looksLikeId(name) ? name.toLowerCase() : name.normalize("NFC");
}

function nameOf({ scope, subject, runbookName }: StoredDispatchHold): string | null {
  return scope === "all" ? null : (runbookName ?? subject);
}

function holdResource(held: StoredDispatchHold): DispatchHoldResource {
  const { scope, reason, heldBy, heldAt } = held;
  return { scope, name: nameOf(held), reason, heldBy, heldAt: isoTime(heldAt) };
}
