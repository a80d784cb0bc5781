import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { resource } from "../schemas/common-schemas.ts";

/** What is told of the installation. */
export interface InstallationFacts {
  installationId: string;
  version: string;
  database: string;
  databaseVersion: string;
  durability: string;
  schema: number;
}

/** `/api/installation` and the API's description of itself. */
export function installationRoutes(facts: InstallationFacts, openApi: () => unknown): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/installation",
      name: "getInstallation",
      summary: "What this installation is.",
      access: "read",
      responses: { 200: { description: "The installation.", schema: resource("Installation") } },
      handle: () => ({ status: 200, body: facts }),
    }),
    route({
      method: "GET",
      path: "/api/openapi.json",
      name: "getOpenApi",
      summary: "This API as an OpenAPI 3.1 document.",
      access: "read",
      responses: { 200: { description: "The document.", schema: { type: "object" } } },
      handle: () => ({ status: 200, body: openApi() }),
    }),
  ];
}
