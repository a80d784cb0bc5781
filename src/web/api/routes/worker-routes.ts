import type { WorkersFeature } from "../../../workers/workers-feature.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, idSchema, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { createWorkerSchema } from "../schemas/worker-schemas.ts";

interface OneWorker {
  params: { workerId: string };
}

/** `/api/workers`. Their sockets are no routes: see `acceptWorkerLinks`. */
export function workerRoutes(workers: WorkersFeature): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/workers",
      name: "listWorkers",
      summary: "Lists workers by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of workers.", schema: pageOf("Worker") } },
      async handle({ query }) {
        return { status: 200, body: await workers.listWorkers({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: { group?: string; name?: string } }>({
      method: "POST",
      path: "/api/workers",
      name: "createWorker",
      summary: "Makes a worker and its token, which is shown this once.",
      access: "administrator",
      body: { schema: createWorkerSchema, limit: 4096, optional: true },
      idempotency: "once",
      responses: { 201: { description: "The worker and its token.", schema: resource("NewWorker") } },
      async handle({ body, idempotency }) {
        const worker = await workers.createWorker({ ...body, idempotency });
        return { status: 201, body: worker, headers: { Location: `/api/workers/${worker.workerId}` } };
      },
    }),
    route<OneWorker>({
      method: "GET",
      path: "/api/workers/{workerId}",
      name: "getWorker",
      summary: "One worker.",
      access: "administrator",
      params: { workerId: idSchema },
      responses: { 200: { description: "The worker.", schema: resource("Worker") } },
      async handle({ params }) {
        return { status: 200, body: await workers.getWorker(params.workerId.toLowerCase()) };
      },
    }),
    route<OneWorker>({
      method: "DELETE",
      path: "/api/workers/{workerId}",
      name: "removeWorker",
      summary: "Removes a worker: its token is dead and its links are closed at once.",
      access: "administrator",
      params: { workerId: idSchema },
      responses: { 204: { description: "It is removed." } },
      async handle({ params }) {
        await workers.removeWorker(params.workerId.toLowerCase());
        return { status: 204 };
      },
    }),
  ];
}
