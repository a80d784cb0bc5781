import type { Route } from "../route.ts";
import { route } from "../route.ts";

/** What the probes ask. Neither tells anything but yes or no, as they need no token. */
export interface Health {
  /** Whether jobs can be accepted and read: the store answers and the server is not closing. */
  isReady(): Promise<boolean>;
}

const answers = {
  200: { description: "Yes.", mediaType: "text/plain" },
};

/** The probes of load balancers and supervisors. */
export function healthRoutes(health: Health): Route[] {
  return [
    route({
      method: "GET",
      path: "/healthz",
      name: "isAlive",
      summary: "Whether the process answers.",
      access: "anyone",
      responses: answers,
      handle: () => ({ status: 200, bytes: "ok\n", mediaType: "text/plain; charset=utf-8" }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      name: "isReady",
      summary: "Whether requests can be served.",
      access: "anyone",
      responses: { ...answers, 503: { description: "Not now.", mediaType: "text/plain" } },
      async handle() {
        return (await health.isReady())
          ? { status: 200, bytes: "ready\n", mediaType: "text/plain; charset=utf-8" }
          : { status: 503, bytes: "not ready\n", mediaType: "text/plain; charset=utf-8" };
      },
    }),
  ];
}
