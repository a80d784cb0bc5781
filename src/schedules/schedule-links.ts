import { authorize, permits } from "../access/authorize.ts";
import type { Principal } from "../access/principal.ts";
import { refuseUnusableCredentials } from "../access/usable-credentials.ts";
import type { Page } from "../contract/api/page.ts";
import { highestPriority, lowestPriority } from "../contract/api/placement.ts";
import type { ScheduleLinkResource } from "../contract/api/schedule.ts";
import { isId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { SealedParameters } from "../jobs/sealed-parameters.ts";
import type { CheckedStart, StartJobRequest } from "../jobs/start-job.ts";
import { newId } from "../store/new-id.ts";
import type { IdempotencyKey } from "../store/operations/idempotency.ts";
import type { StoredScheduleLink } from "../store/operations/schedules.ts";
import { noSuchRunbook } from "../store/runbook-refusals.ts";
import { noSuchSchedule, noSuchScheduleLink } from "../store/schedule-refusals.ts";
import type { Store } from "../store/store.ts";
import { invalidSchedule } from "./schedule-names.ts";
import { scheduleLinkResource } from "./schedule-resources.ts";
import { maySeeLink, runbookTarget, scheduleTarget } from "./schedule-targets.ts";

/** What a caller says of a link. */
export interface ScheduleLinkChange {
  parameters?: Record<string, unknown>;
  enabled?: boolean;
  /** Null for the runbook's. */
  priority?: number | null;
}

export interface ScheduleLinksOptions {
  store: Pick<Store, "read" | "write" | "once">;
  /** See `JobsFeature.checkStart`. */
  checkStart(request: Pick<StartJobRequest, "runbook" | "parameters">): Promise<CheckedStart>;
  /** What seals secret parameters. */
  sealed: SealedParameters;
  /** When a link is due next. */
  nextDueOf(link: StoredScheduleLink): Promise<number | null>;
}

/** Links: which schedules start which runbooks. Who may operate the runbook, and read the schedule, makes and changes them. */
export class ScheduleLinks {
  readonly #options: ScheduleLinksOptions;

  constructor(options: ScheduleLinksOptions) {
    this.#options = options;
  }

  /** In the order in which they were made: those that the caller may see. */
  async list(
    of: { schedule?: string; runbook?: string; after?: string; limit: number },
    caller: Principal,
  ): Promise<Page<ScheduleLinkResource>> {
    const { read } = this.#options.store;
    if (of.after !== undefined && !isId(of.after)) {
      throw new UserError("invalid-page-key", "The key of the page is not one that a page gave.", {
        remedy: "Use `next` of the page before, or leave `after` out.",
      });
    }
    const named = of.schedule === undefined ? undefined : await read.schedule({ schedule: of.schedule });
    const found = of.runbook === undefined ? undefined : await read.runbook({ runbook: of.runbook });
    // What may not be read is unknown, also to those who ask by its name.
    const schedule = named && !permits(caller, "read", scheduleTarget(named.scheduleId)) ? null : named;
    const runbook = found && !permits(caller, "read", runbookTarget(found)) ? null : found;
    if (schedule === null || runbook === null) {
      throw schedule === null ? noSuchSchedule(of.schedule ?? "") : noSuchRunbook(of.runbook ?? "");
    }
    const { items, next } = await read.scheduleLinks({
      limit: of.limit,
      ...(of.after !== undefined && { after: of.after }),
      ...(schedule !== undefined && { scheduleId: schedule.scheduleId }),
      ...(runbook !== undefined && { runbookId: runbook.runbookId }),
    });
    const shown = items.filter((link) => maySeeLink(caller, link));
    return { items: await Promise.all(shown.map((link) => this.#resource(link))), next };
  }

  /** @throws UserError `schedule-link-not-found` (404) */
  async get(linkId: string, caller: Principal): Promise<ScheduleLinkResource> {
    return this.#resource(await this.#find(linkId, caller));
  }

  /**
   * Makes a link. The parameters are checked as for a start now.
   * @throws UserError `schedule-not-found` (404), `not-permitted` (403), and what `JobStarter.check` throws
   */
  async create(
    of: ScheduleLinkChange & { schedule: string; runbook: string },
    caller: Principal,
    idempotency?: IdempotencyKey,
  ): Promise<ScheduleLinkResource> {
    const { store } = this.#options;
    const schedule = await store.read.schedule({ schedule: of.schedule });
    if (schedule === null || !permits(caller, "read", scheduleTarget(schedule.scheduleId))) {
      throw noSuchSchedule(of.schedule);
    }
    const runbook = await store.read.runbook({ runbook: of.runbook });
    if (runbook === null || !permits(caller, "read", runbookTarget(runbook))) {
      throw noSuchRunbook(of.runbook);
    }
    authorize(caller, "operate", runbookTarget(runbook), `the runbook ${runbook.name}`);
    const linkId = newId();
    const { parameters, secretNames } = await this.#checkedParameters(runbook.runbookId, of.parameters ?? {}, {
      linkId,
      version: 1,
      caller,
    });
    const writes = idempotency === undefined ? store.write : store.once(idempotency);
    return this.#resource(
      await writes.createScheduleLink({
        linkId,
        scheduleId: schedule.scheduleId,
        runbookId: runbook.runbookId,
        parameters,
        secretNames,
        enabled: of.enabled ?? true,
        priority: checkedPriority(of.priority ?? null),
        changedBy: caller.name,
        creatorId: caller.principalId,
      }),
    );
  }

  /** @throws UserError `schedule-link-not-found` (404), `revision-mismatch` (412), and what `create` throws */
  async change(
    change: ScheduleLinkChange & { linkId: string; expectedRevision?: number },
    caller: Principal,
  ): Promise<ScheduleLinkResource> {
    const former = await this.#find(change.linkId, caller);
    this.#authorizeChange(former, caller);
    const { parameters, priority } = change;
    const version = former.parametersVersion + 1;
    const set =
      parameters === undefined
        ? former
        : await this.#checkedParameters(former.runbookId, parameters, { linkId: former.linkId, version, caller });
    return this.#resource(
      await this.#options.store.write.changeScheduleLink({
        linkId: former.linkId,
        parameters: set.parameters,
        secretNames: set.secretNames,
        parametersVersion: set.parametersVersion,
        enabled: change.enabled ?? former.enabled,
        priority: priority === undefined ? former.priority : checkedPriority(priority),
        // Who says with what a runbook is started is who starts it.
        creatorId: parameters === undefined ? former.creatorId : caller.principalId,
        changedBy: caller.name,
        expectedRevision: change.expectedRevision ?? former.revision,
      }),
    );
  }

  /** @throws UserError `schedule-link-not-found` (404), `revision-mismatch` (412), `not-permitted` (403) */
  async remove(of: { linkId: string; expectedRevision?: number }, caller: Principal): Promise<void> {
    const link = await this.#find(of.linkId, caller);
    this.#authorizeChange(link, caller);
    const { expectedRevision } = of;
    await this.#options.store.write.removeScheduleLink({
      linkId: link.linkId,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });
  }

  #authorizeChange(link: StoredScheduleLink, caller: Principal): void {
    authorize(caller, "operate", runbookTarget(link), `the runbook ${link.runbookName}`);
  }

  /** Checked as for a start now, and sealed where they are secret. */
  async #checkedParameters(
    runbook: string,
    given: Record<string, unknown>,
    link: { linkId: string; version: number; caller: Principal },
  ): Promise<Pick<StoredScheduleLink, "parameters" | "secretNames" | "parametersVersion">> {
    const { checkStart, sealed, store } = this.#options;
    const { parameters, secretNames, credentials } = await checkStart({ runbook, parameters: given });
    await refuseUnusableCredentials(store, credentials, link.caller);
    return {
      parameters: sealed.seal(link.linkId, parameters, secretNames, link.version),
      secretNames,
      parametersVersion: link.version,
    };
  }

  async #resource(link: StoredScheduleLink): Promise<ScheduleLinkResource> {
    return scheduleLinkResource(link, link.enabled ? await this.#options.nextDueOf(link) : null);
  }

  async #find(linkId: string, caller: Principal): Promise<StoredScheduleLink> {
    const id = linkId.toLowerCase();
    const link = isId(id) ? await this.#options.store.read.scheduleLink({ linkId: id }) : null;
    if (link === null || !maySeeLink(caller, link)) {
      throw noSuchScheduleLink(linkId);
    }
    return link;
  }
}

function checkedPriority(priority: number | null): number | null {
  if (priority !== null && (priority < lowestPriority || priority > highestPriority)) {
    throw invalidSchedule("/priority", `${priority} is not ${lowestPriority} to ${highestPriority}.`);
  }
  return priority;
}
