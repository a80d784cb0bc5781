import { permits } from "../access/authorize.ts";
import { permissionsOfRole } from "../access/permission.ts";
import type { Principal } from "../access/principal.ts";

/** The ids of the assets that a principal may see in a list; null when it may see all. */
export function readableAssets(principal: Principal): string[] | null {
  if (permits(principal, "read", { kind: "everything" })) {
    return null;
  }
  return principal.rights.flatMap(({ role, on }) =>
    on.kind === "asset" && permissionsOfRole[role].includes("read") ? [on.assetId] : [],
  );
}
