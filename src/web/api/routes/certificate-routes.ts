import type { AssetsFeature } from "../../../assets/assets-feature.ts";
import type { Route } from "../route.ts";
import { changeCertificateSchema, createCertificateSchema } from "../schemas/asset-schemas.ts";
import { assetRoutes } from "./asset-routes.ts";

/** `/api/certificates` and what is below it. */
export function certificateRoutes({ certificates }: AssetsFeature): Route[] {
  return assetRoutes({
    assets: certificates,
    path: "/api/certificates",
    noun: { one: "a certificate", many: "certificates" },
    resource: "Certificate",
    schemas: { create: createCertificateSchema, change: changeCertificateSchema },
    bodyLimit: 1024 * 1024,
  });
}
