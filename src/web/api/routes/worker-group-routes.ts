import type { CallersWorkers } from "../../../workers/callers-workers.ts";
import type { WorkerGroupChange } from "../../../workers/worker-groups.ts";
import { entityTag } from "../entity-tag.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { setWorkerGroupSchema } from "../schemas/worker-schemas.ts";

interface OneGroup {
  params: { name: string };
}

const theGroup = { description: "The group.", schema: resource("WorkerGroup") };

/** `/api/worker-groups` and what is below it. */
export function workerGroupRoutes(workers: CallersWorkers): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/worker-groups",
      name: "listWorkerGroups",
      summary: "Lists worker groups by name.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of worker groups.", schema: pageOf("WorkerGroup") } },
      async handle({ query, caller }) {
        return { status: 200, body: await workers.listGroups({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<OneGroup>({
      method: "GET",
      path: "/api/worker-groups/{name}",
      name: "getWorkerGroup",
      summary: "One worker group.",
      access: "read",
      responses: { 200: theGroup },
      async handle({ params, caller }) {
        const group = await workers.getGroup(params.name, caller);
        return { status: 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup & { body: WorkerGroupChange }>({
      method: "PATCH",
      path: "/api/worker-groups/{name}",
      name: "setWorkerGroup",
      summary: "Changes a worker group, and makes it when it is not there.",
      access: "edit",
      body: { schema: setWorkerGroupSchema, limit: 16_384 },
      ifMatch: true,
      responses: { 200: theGroup, 201: { ...theGroup, description: "A new group." } },
      async handle({ params, body, caller, ifMatch }) {
        const context = { caller, expectedRevision: ifMatch };
        const { group, created } = await workers.setGroup(params.name, body, context);
        return { status: created ? 201 : 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup>({
      method: "DELETE",
      path: "/api/worker-groups/{name}",
      name: "removeWorkerGroup",
      summary: "Removes a worker group that has no workers and that no runbook names.",
      access: "edit",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, ifMatch, caller }) {
        await workers.removeGroup(params.name, ifMatch, caller);
        return { status: 204 };
      },
    }),
  ];
}
