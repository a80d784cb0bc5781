import type { Groups } from "../../../access/groups.ts";
import type { PrincipalSettings } from "../../../access/principal-administration.ts";
import { entityTag } from "../entity-tag.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changePrincipalSchema, createPrincipalSchema } from "../schemas/principal-schemas.ts";

interface OneGroup {
  params: { group: string };
}

interface OneMember {
  params: { group: string; member: string };
}

const theGroup = { description: "The group.", schema: resource("Group") };

/** `/api/groups` and their members. `{group}` is a name or an id; `{member}` an id, `user:NAME`, `service-principal:NAME`, or a name. */
export function groupRoutes(groups: Groups): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/groups",
      name: "listGroups",
      summary: "Lists groups by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of groups.", schema: pageOf("Group") } },
      async handle({ query }) {
        return { status: 200, body: await groups.list({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: { name: string } & PrincipalSettings }>({
      method: "POST",
      path: "/api/groups",
      name: "createGroup",
      summary: "Makes a group of users and service principals.",
      access: "administrator",
      body: { schema: createPrincipalSchema, limit: 16_384 },
      responses: { 201: theGroup },
      async handle({ body, caller }) {
        const group = await groups.create(body, { caller });
        const headers = { Location: `/api/groups/${group.principalId}`, ETag: entityTag(group.revision) };
        return { status: 201, body: group, headers };
      },
    }),
    route<OneGroup>({
      method: "GET",
      path: "/api/groups/{group}",
      name: "getGroup",
      summary: "One group.",
      access: "administrator",
      responses: { 200: theGroup },
      async handle({ params }) {
        const group = await groups.get(params.group);
        return { status: 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup & { body: PrincipalSettings }>({
      method: "PATCH",
      path: "/api/groups/{group}",
      name: "changeGroup",
      summary: "Changes a group; a disabled one gives its members nothing.",
      access: "administrator",
      body: { schema: changePrincipalSchema, limit: 16_384 },
      ifMatch: true,
      responses: { 200: theGroup },
      async handle({ params, body, caller, ifMatch }) {
        const group = await groups.change(params.group, body, { caller, expectedRevision: ifMatch });
        return { status: 200, body: group, headers: { ETag: entityTag(group.revision) } };
      },
    }),
    route<OneGroup>({
      method: "DELETE",
      path: "/api/groups/{group}",
      name: "removeGroup",
      summary: "Removes a group; its members stay.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        await groups.remove(params.group, { caller, expectedRevision: ifMatch });
        return { status: 204 };
      },
    }),
    route<OneGroup & { query: PageQuery }>({
      method: "GET",
      path: "/api/groups/{group}/members",
      name: "listGroupMembers",
      summary: "Lists the members of a group.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of members.", schema: pageOf("GroupMember") } },
      async handle({ params, query }) {
        const page = { ...query, limit: query.limit ?? defaultPage };
        return { status: 200, body: await groups.members(params.group, page) };
      },
    }),
    route<OneMember>({
      method: "PUT",
      path: "/api/groups/{group}/members/{member}",
      name: "addGroupMember",
      summary: "Makes a user or a service principal a member.",
      access: "administrator",
      responses: { 204: { description: "It is a member." } },
      async handle({ params, caller }) {
        await groups.addMember(params.group, params.member, { caller });
        return { status: 204 };
      },
    }),
    route<OneMember>({
      method: "DELETE",
      path: "/api/groups/{group}/members/{member}",
      name: "removeGroupMember",
      summary: "Ends a membership that somebody gave; those that a sign-in provider gives end there.",
      access: "administrator",
      responses: { 204: { description: "The membership has ended." } },
      async handle({ params }) {
        await groups.removeMember(params.group, params.member);
        return { status: 204 };
      },
    }),
  ];
}
