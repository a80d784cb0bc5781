import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeConnectionTypeSchema, createConnectionTypeSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/connection-types` and what is below it. */
export function connectionTypeRoutes({ connectionTypes }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: connectionTypes,
    path: "/api/connection-types",
    noun: { one: "a connection type", many: "connection types" },
    resource: "ConnectionType",
    schemas: { create: createConnectionTypeSchema, change: changeConnectionTypeSchema },
    bodyLimit: 128 * 1024,
  });
}
