import type { Express } from "express";
import express from "express";
import type { DeniedAttempts } from "../access/denied-attempts.ts";
import type { Authenticator } from "./api/authentication.ts";
import type { RepeatedRequests } from "./api/idempotency.ts";
import { mountRoutes } from "./api/mount-routes.ts";
import type { RequestLimits } from "./api/request-limits.ts";
import type { Route } from "./api/route.ts";
import type { Log } from "./logging.ts";
import type { TransportGuard } from "./transport-guard.ts";

/** The Express application: nothing but the table of routes, as each further middleware would cost every request. */
export function application(
  routes: readonly Route[],
  parts: {
    authenticator: Authenticator;
    repeatedRequests: RepeatedRequests;
    requestKey: Uint8Array;
    guard: TransportGuard;
    denied: DeniedAttempts;
    limits: { principals: RequestLimits; addresses: RequestLimits };
    log: Log;
  },
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // Queries are read by the routes that take some.
  app.set("query parser", false);
  mountRoutes(app, routes, parts);
  return app;
}
