import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeVariableSchema, createVariableSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/variables` and what is below it. */
export function variableRoutes({ variables }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: variables,
    path: "/api/variables",
    noun: { one: "a variable", many: "variables" },
    resource: "Variable",
    schemas: { create: createVariableSchema, change: changeVariableSchema },
    bodyLimit: 1024 * 1024,
  });
}
