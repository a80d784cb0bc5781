import { authorize } from "../../../access/authorize.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";

/** `/metrics` for a scraper with a token; a listener of its own may serve it without one. */
export function metricsRoutes(metrics: { text(): Promise<string>; contentType: string }): Route[] {
  return [
    route({
      method: "GET",
      path: "/metrics",
      name: "getMetrics",
      summary: "Figures in Prometheus' text format.",
      access: "read",
      responses: { 200: { description: "The figures.", mediaType: "text/plain" } },
      async handle({ caller }) {
        authorize(caller, "read", { kind: "everything" }, "everything, of which the figures are");
        return { status: 200, bytes: await metrics.text(), mediaType: metrics.contentType };
      },
    }),
  ];
}
