import type { PrincipalSettings } from "../../../access/principal-administration.ts";
import type { ServicePrincipals } from "../../../access/service-principals.ts";
import { entityTag } from "../entity-tag.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changePrincipalSchema, createPrincipalSchema } from "../schemas/principal-schemas.ts";

interface OnePrincipal {
  params: { principal: string };
}

const thePrincipal = { description: "The service principal.", schema: resource("ServicePrincipal") };

/** `/api/service-principals`. `{principal}` is a name or an id. */
export function servicePrincipalRoutes(servicePrincipals: ServicePrincipals): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/service-principals",
      name: "listServicePrincipals",
      summary: "Lists service principals by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of service principals.", schema: pageOf("ServicePrincipal") } },
      async handle({ query }) {
        return { status: 200, body: await servicePrincipals.list({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: { name: string } & PrincipalSettings }>({
      method: "POST",
      path: "/api/service-principals",
      name: "createServicePrincipal",
      summary: "Makes a service principal, for a program; its tokens are made by POST /api/tokens.",
      access: "administrator",
      body: { schema: createPrincipalSchema, limit: 16_384 },
      responses: { 201: thePrincipal },
      async handle({ body, caller }) {
        const made = await servicePrincipals.create(body, { caller });
        const headers = { Location: `/api/service-principals/${made.principalId}`, ETag: entityTag(made.revision) };
        return { status: 201, body: made, headers };
      },
    }),
    route<OnePrincipal>({
      method: "GET",
      path: "/api/service-principals/{principal}",
      name: "getServicePrincipal",
      summary: "One service principal.",
      access: "administrator",
      responses: { 200: thePrincipal },
      async handle({ params }) {
        const found = await servicePrincipals.get(params.principal);
        return { status: 200, body: found, headers: { ETag: entityTag(found.revision) } };
      },
    }),
    route<OnePrincipal & { body: PrincipalSettings }>({
      method: "PATCH",
      path: "/api/service-principals/{principal}",
      name: "changeServicePrincipal",
      summary: "Changes a service principal; the tokens of a disabled one open nothing.",
      access: "administrator",
      body: { schema: changePrincipalSchema, limit: 16_384 },
      ifMatch: true,
      responses: { 200: thePrincipal },
      async handle({ params, body, caller, ifMatch }) {
        const by = { caller, expectedRevision: ifMatch };
        const changed = await servicePrincipals.change(params.principal, body, by);
        return { status: 200, body: changed, headers: { ETag: entityTag(changed.revision) } };
      },
    }),
    route<OnePrincipal>({
      method: "DELETE",
      path: "/api/service-principals/{principal}",
      name: "removeServicePrincipal",
      summary: "Removes a service principal: its tokens end at once.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        await servicePrincipals.remove(params.principal, { caller, expectedRevision: ifMatch });
        return { status: 204 };
      },
    }),
  ];
}
