import type { WorkerGroupChange, WorkerGroups } from "../../../workers/worker-groups.ts";
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
export function workerGroupRoutes(groups: WorkerGroups): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/worker-groups",
      name: "listWorkerGroups",
      summary: "Lists worker groups by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of worker groups.", schema: pageOf("WorkerGroup") } },
      async handle({ query }) {
        return { status: 200, body: await groups.list({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<OneGroup>({
      method: "GET",
      path: "/api/worker-groups/{name}",
      name: "getWorkerGroup",
      summary: "One worker group.",
      access: "administrator",
      responses: { 200: theGroup },
      async handle({ params }) {
        const group = await groups.get(params.name);
        return { status: 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup & { body: WorkerGroupChange }>({
      method: "PATCH",
      path: "/api/worker-groups/{name}",
      name: "setWorkerGroup",
      summary: "Changes a worker group, and makes it when it is not there.",
      access: "administrator",
      body: { schema: setWorkerGroupSchema, limit: 16_384 },
      ifMatch: true,
      responses: { 200: theGroup, 201: { ...theGroup, description: "A new group." } },
      async handle({ params, body, caller, ifMatch }) {
        const context = { changedBy: caller.name, expectedRevision: ifMatch };
        const { group, created } = await groups.set(params.name, body, context);
        return { status: created ? 201 : 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup>({
      method: "DELETE",
      path: "/api/worker-groups/{name}",
      name: "removeWorkerGroup",
      summary: "Removes a worker group that has no workers and that no runbook names.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, ifMatch }) {
        await groups.remove(params.name, ifMatch);
        return { status: 204 };
      },
    }),
  ];
}
