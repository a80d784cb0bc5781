import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeCredentialSchema, createCredentialSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/credentials` and what is below it. */
export function credentialRoutes({ credentials }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: credentials,
    path: "/api/credentials",
    noun: { one: "a credential", many: "credentials" },
    resource: "Credential",
    schemas: { create: createCredentialSchema, change: changeCredentialSchema },
    bodyLimit: 64 * 1024,
  });
}
