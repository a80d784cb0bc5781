import type { RightsFeature } from "../../../access/rights-feature.ts";
import type { RightsRole } from "../../../contract/api/right.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { giveRightSchema, principalSchema, rightSubjectSchema } from "../schemas/right-schemas.ts";

interface OneRight {
  params: { rightId: string };
}

const theRight = { description: "The right.", schema: resource("Right") };

/** `/api/rights`: who may do what. */
export function rightRoutes(rights: RightsFeature): Route[] {
  return [
    route<{ query: PageQuery & { principal?: string; on?: string } }>({
      method: "GET",
      path: "/api/rights",
      name: "listRights",
      summary: "Lists rights in the order in which they were given, on things that the caller may administer.",
      access: "administer",
      query: { principal: principalSchema, on: rightSubjectSchema, ...pageQuery },
      responses: {
        200: {
          description: "A page of rights; it may hold few, or none, and still have a next one.",
          schema: pageOf("Right"),
        },
      },
      async handle({ query, caller }) {
        return { status: 200, body: await rights.list({ ...query, limit: query.limit ?? defaultPage }, caller) };
      },
    }),
    route<{ body: { principal: string; role: RightsRole; on: string } }>({
      method: "POST",
      path: "/api/rights",
      name: "giveRight",
      summary: "Gives a principal a role on a thing, in place of the one that it has there.",
      access: "administer",
      body: { schema: giveRightSchema, limit: 8192 },
      idempotency: "generic",
      responses: {
        201: { ...theRight, description: "A new right." },
        200: { ...theRight, description: "The right with its new role." },
      },
      async handle({ body, caller }) {
        const { right, created } = await rights.give(body, caller);
        const headers: Record<string, string> = created ? { Location: `/api/rights/${right.rightId}` } : {};
        return { status: created ? 201 : 200, body: right, headers };
      },
    }),
    route<OneRight>({
      method: "GET",
      path: "/api/rights/{rightId}",
      name: "getRight",
      summary: "One right.",
      access: "administer",
      responses: { 200: theRight },
      async handle({ params, caller }) {
        return { status: 200, body: await rights.get(params.rightId, caller) };
      },
    }),
    route<OneRight>({
      method: "DELETE",
      path: "/api/rights/{rightId}",
      name: "takeRight",
      summary: "Takes a right away, at once.",
      access: "administer",
      responses: { 204: { description: "It is gone." } },
      async handle({ params, caller }) {
        await rights.take(params.rightId, caller);
        return { status: 204 };
      },
    }),
  ];
}
