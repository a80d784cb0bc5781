import type { CallersJobs } from "../../../jobs/callers-jobs.ts";
import type { HoldRequest, HoldSubject } from "../../../jobs/dispatch-holds.ts";

import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { pageOf, resource } from "../schemas/common-schemas.ts";
import { dispatchSubjectSchema, holdDispatchSchema } from "../schemas/worker-schemas.ts";

/** `/api/dispatch`: operators' switches for giving out jobs. */
export function dispatchRoutes(jobs: CallersJobs): Route[] {
  return [
    route<Record<string, never>>({
      method: "GET",
      path: "/api/dispatch",
      name: "getDispatch",
      summary: "What is held: everything, worker groups, runbooks.",
      access: "read",
      responses: { 200: { description: "All holds.", schema: pageOf("DispatchHold") } },
      async handle({ caller }) {
        return { status: 200, body: { items: await jobs.listDispatchHolds(caller), next: null } };
      },
    }),
    route<{ body: Omit<HoldRequest, "heldBy"> }>({
      method: "POST",
      path: "/api/dispatch/hold",
      name: "holdDispatch",
      summary: "Gives out no further jobs: at all, to a worker group, or of a runbook. Running jobs go on.",
      access: "operate",
      body: { schema: holdDispatchSchema, limit: 8192 },
      responses: { 200: { description: "The hold.", schema: resource("DispatchHold") } },
      async handle({ body, caller }) {
        return { status: 200, body: await jobs.holdDispatch(body, caller) };
      },
    }),
    route<{ body: HoldSubject }>({
      method: "POST",
      path: "/api/dispatch/release",
      name: "releaseDispatch",
      summary: "Ends a hold.",
      access: "operate",
      body: { schema: dispatchSubjectSchema, limit: 8192 },
      responses: { 200: { description: "The hold that has ended.", schema: resource("DispatchHold") } },
      async handle({ body, caller }) {
        return { status: 200, body: await jobs.releaseDispatch(body, caller) };
      },
    }),
  ];
}
