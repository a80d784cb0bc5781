import type { CallersWorkers } from "../../../workers/callers-workers.ts";
import type { WorkersFeature } from "../../../workers/workers-feature.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changeWorkerSchema, createWorkerSchema } from "../schemas/worker-schemas.ts";

interface OneWorker {
  params: { worker: string };
}

const oneWorker = { 200: { description: "The worker.", schema: resource("Worker") } };

/** `/api/workers`. Their sockets are no routes: see `acceptWorkerLinks`. */
export function workerRoutes(workers: WorkersFeature, callersWorkers: CallersWorkers): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/workers",
      name: "listWorkers",
      summary: "Lists workers by name.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of workers.", schema: pageOf("Worker") } },
      async handle({ query, caller }) {
        const page = { ...query, limit: query.limit ?? defaultPage };
        return { status: 200, body: await callersWorkers.listWorkers(page, caller) };
      },
    }),
    route<{ body: { group?: string; name?: string; tags?: string[] } }>({
      method: "POST",
      path: "/api/workers",
      name: "createWorker",
      summary: "Makes a worker and its token, which is shown this once.",
      access: "administrator",
      body: { schema: createWorkerSchema, limit: 4096, optional: true },
      idempotency: "once",
      responses: { 201: { description: "The worker and its token.", schema: resource("NewWorker") } },
      async handle({ body, caller, idempotency }) {
        const worker = await workers.createWorker({ ...body, createdBy: caller.name, idempotency });
        return { status: 201, body: worker, headers: { Location: `/api/workers/${worker.workerId}` } };
      },
    }),
    route<OneWorker>({
      method: "GET",
      path: "/api/workers/{worker}",
      name: "getWorker",
      summary: "One worker, by id or name.",
      access: "read",
      responses: oneWorker,
      async handle({ params, caller }) {
        return { status: 200, body: await callersWorkers.getWorker(params.worker, caller) };
      },
    }),
    route<OneWorker & { body: { group?: string; tags?: string[] } }>({
      method: "PATCH",
      path: "/api/workers/{worker}",
      name: "changeWorker",
      summary: "Changes a worker's group or tags.",
      access: "administrator",
      body: { schema: changeWorkerSchema, limit: 16_384 },
      responses: oneWorker,
      async handle({ params, body, caller }) {
        return { status: 200, body: await workers.changeWorker(params.worker, body, caller.name) };
      },
    }),
    ...(
      [
        ["cordon", "cordonWorker", "Gives a worker no further jobs.", "cordoned"],
        ["uncordon", "uncordonWorker", "Gives a worker jobs again.", "open"],
        ["drain", "drainWorker", "Gives a worker no further jobs, and ends it when those it has are over.", "draining"],
      ] as const
    ).map(([action, name, summary, admission]) =>
      route<OneWorker>({
        method: "POST",
        path: `/api/workers/{worker}/${action}`,
        name,
        summary,
        access: "operate",
        responses: oneWorker,
        async handle({ params, caller }) {
          return { status: 200, body: await callersWorkers.admit(params.worker, admission, caller) };
        },
      }),
    ),
    route<OneWorker>({
      method: "DELETE",
      path: "/api/workers/{worker}",
      name: "removeWorker",
      summary: "Removes a worker: its token is dead and its links are closed at once.",
      access: "administrator",
      responses: { 204: { description: "It is removed." } },
      async handle({ params }) {
        await workers.removeWorker(params.worker);
        return { status: 204 };
      },
    }),
  ];
}
