import type { Sealing } from "../../../sealing/sealing.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { resource } from "../schemas/common-schemas.ts";

/** `/api/master-key` and what is below it. */
export function masterKeyRoutes(sealing: Sealing): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/master-key",
      name: "getMasterKey",
      summary: "The ids of the master keys that secrets are sealed by, and how far a rotation is.",
      access: "administrator",
      responses: { 200: { description: "The keys, without the keys themselves.", schema: resource("MasterKey") } },
      async handle() {
        return { status: 200, body: await sealing.status() };
      },
    }),
    route({
      method: "POST",
      path: "/api/master-key/rotation",
      name: "rotateMasterKey",
      summary: "Begins to replace the master key by another, or says how far that is; it goes on by itself.",
      access: "administrator",
      idempotency: "generic",
      responses: { 202: { description: "The rotation has begun.", schema: resource("MasterKey") } },
      async handle() {
        return { status: 202, body: await sealing.rotate() };
      },
    }),
  ];
}
