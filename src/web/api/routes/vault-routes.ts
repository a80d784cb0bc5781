import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeVaultSchema, createVaultSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/vaults` and what is below it. */
export function vaultRoutes({ vaults }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: vaults,
    path: "/api/vaults",
    noun: { one: "a vault", many: "vaults" },
    resource: "Vault",
    schemas: { create: createVaultSchema, change: changeVaultSchema },
    bodyLimit: 256 * 1024,
    editing: "administer",
  });
}
