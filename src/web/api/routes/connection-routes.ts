import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeConnectionSchema, createConnectionSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/connections` and what is below it. */
export function connectionRoutes({ connections }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: connections,
    path: "/api/connections",
    noun: { one: "a connection", many: "connections" },
    resource: "Connection",
    schemas: { create: createConnectionSchema, change: changeConnectionSchema },
    bodyLimit: 256 * 1024,
  });
}
