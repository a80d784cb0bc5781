import { masterKeyStates } from "../../../contract/api/master-key.ts";
import type { JsonSchema } from "../route.ts";
import { objectSchema, timeSchema } from "./common-schemas.ts";

/** The resources in the OpenAPI document. */
export const masterKeyResourceSchemas: Readonly<Record<string, JsonSchema>> = {
  MasterKey: objectSchema({
    keys: {
      type: "array",
      items: objectSchema({
        keyId: { type: "string", description: "Names the key, and tells nothing of it." },
        state: {
          enum: masterKeyStates,
          description:
            "`next`: announced; `current`: secrets are sealed by it; `retiring`: what it has sealed is being sealed by the current one.",
        },
        createdAt: timeSchema,
        changedAt: timeSchema,
      }),
      description: "All there ever were, oldest first.",
    },
    source: { type: "string", description: "Where the service has the keys from, in words." },
    rotating: { type: "boolean" },
    waitingFor: {
      type: "array",
      items: { type: "string" },
      description: "Services that keep the rotation waiting: each has to be given the next key.",
    },
  }),
};
