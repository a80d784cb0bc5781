import type { JsonSchema } from "../route.ts";
import { assetResourceSchemas } from "./asset-schemas.ts";
import { auditResourceSchemas } from "./audit-schemas.ts";
import { idSchema, objectSchema } from "./common-schemas.ts";
import { folderResourceSchemas } from "./folder-schemas.ts";
import { jobFilterResourceSchemas } from "./job-filter-schemas.ts";
import { jobResourceSchemas } from "./job-schemas.ts";
import { jobStepResourceSchemas } from "./job-step-schemas.ts";
import { masterKeyResourceSchemas } from "./master-key-schemas.ts";
import { noticeResourceSchemas } from "./notice-schemas.ts";
import { principalResourceSchemas } from "./principal-schemas.ts";
import { rightResourceSchemas } from "./right-schemas.ts";
import { runbookResourceSchemas } from "./runbook-schemas.ts";
import { scheduleResourceSchemas } from "./schedule-schemas.ts";
import { signInProviderResourceSchemas } from "./sign-in-provider-schemas.ts";
import { workerResourceSchemas } from "./worker-schemas.ts";

/** Every resource that the API shows, by its name in the OpenAPI document. */
export const resourceSchemas: Readonly<Record<string, JsonSchema>> = {
  ...runbookResourceSchemas,
  ...jobResourceSchemas,
  ...jobStepResourceSchemas,
  ...jobFilterResourceSchemas,
  ...noticeResourceSchemas,
  ...scheduleResourceSchemas,
  ...masterKeyResourceSchemas,
  ...assetResourceSchemas,
  ...workerResourceSchemas,
  ...auditResourceSchemas,
  ...rightResourceSchemas,
  ...folderResourceSchemas,
  ...principalResourceSchemas,
  ...signInProviderResourceSchemas,
  Installation: objectSchema({
    installationId: idSchema,
    version: { type: "string" },
    database: { type: "string" },
    databaseVersion: { type: "string" },
    durability: { type: "string", description: "`FULL`: what is accepted survives a power cut." },
    schema: { type: "integer", description: "Number of the last migration applied." },
  }),
  Error: objectSchema(
    {
      type: { type: "string", description: "A stable name of the error." },
      title: { type: "string" },
      status: { type: "integer" },
      detail: { type: "string", description: "What happened and why." },
      remedy: { type: "string", description: "What to do." },
      errors: {
        type: "array",
        items: objectSchema({ pointer: { type: "string" }, message: { type: "string" } }),
        description: "All that is wrong with the request, by JSON pointer.",
      },
      id: { type: "string", description: "Of a bug: the id under which the service's log has it." },
    },
    ["remedy", "errors", "id"],
  ),
};
