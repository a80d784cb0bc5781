import { permits } from "../access/authorize.ts";
import { namedPrincipal, principalsNamed } from "../access/named-principal.ts";
import { refuseNarrowToken } from "../access/narrow-token.ts";
import type { Principal } from "../access/principal.ts";
import type { RunbookRunAs } from "../contract/api/runbook.ts";
import { UserError } from "../contract/user-error.ts";
import type { StoredRunbook } from "../store/operations/runbooks.ts";
import type { Store } from "../store/store.ts";

/*
 * Whom the jobs of a runbook act as. What they may use is that principal's, not whose who start them; so whoever decides what the
 * published text does must be allowed to act for it.
 */

/** Administrators may, and are told of everybody. */
function mayNameAnybody(caller: Principal): boolean {
  return permits(caller, "administer", { kind: "everything" });
}

/** Whether a principal may let jobs act as another one: itself, a group that it belongs to, and for administrators everybody. */
export function mayActFor(caller: Principal, principalId: string): boolean {
  return (
    mayNameAnybody(caller) || principalId === caller.principalId || caller.groupIds?.includes(principalId) === true
  );
}

/**
 * The id of the principal that a caller names for a runbook. Only administrators are told whether there is one of that name.
 * @throws UserError `principal-not-found` (404), `principal-ambiguous` (409), `run-as-not-permitted` (403)
 */
export async function namedRunAs(store: Pick<Store, "read">, named: string, caller: Principal): Promise<string> {
  refuseNarrowToken(caller);
  if (mayNameAnybody(caller)) {
    return (await namedPrincipal(store, named)).principalId;
  }
  const own = (await principalsNamed(store, named)).filter(({ principalId }) => mayActFor(caller, principalId));
  const [found] = own;
  if (found === undefined || own.length > 1) {
    throw new UserError("run-as-not-permitted", `${caller.name} may not let jobs act as ${named}.`, {
      status: 403,
      remedy:
        "Name yourself or a group that you belong to (user:NAME, service-principal:NAME, group:NAME), or let an administrator do it.",
    });
  }
  return found.principalId;
}

/**
 * The id of the principal whose runbooks a caller looks for; null where there is no single one of that name.
 * @throws UserError `principal-not-found` (404), `principal-ambiguous` (409), to administrators only
 */
export async function soughtRunAs(
  store: Pick<Store, "read">,
  named: string,
  caller: Principal,
): Promise<string | null> {
  if (mayNameAnybody(caller)) {
    return (await namedPrincipal(store, named)).principalId;
  }
  const [found, ...more] = await principalsNamed(store, named);
  return found === undefined || more.length > 0 ? null : found.principalId;
}

/**
 * Whom jobs of a text act as once this caller has published it: as before where the caller may act for that principal, else as the
 * caller. A group or a service principal is not given up like that: somebody chose it.
 * @throws UserError `run-as-not-permitted` (403)
 */
export function publishedRunAs({ name, runAs }: Pick<StoredRunbook, "name" | "runAs">, caller: Principal): string {
  refuseNarrowToken(caller);
  if (runAs !== null && !isGone(runAs) && mayActFor(caller, runAs.principalId)) {
    return runAs.principalId;
  }
  if (runAs === null || isGone(runAs) || runAs.kind === "user") {
    return caller.principalId;
  }
  throw new UserError(
    "run-as-not-permitted",
    `Jobs of the runbook ${name} act as the ${runAs.kind} ${runAs.name}, for which ${caller.name} may not act.`,
    {
      status: 403,
      remedy: `Let an administrator publish it, or let its jobs act as yourself: npx runsmith set-runbook ${JSON.stringify(name)} --run-as ${JSON.stringify(caller.name)}`,
    },
  );
}

function isGone({ name }: RunbookRunAs): boolean {
  return name === null;
}
