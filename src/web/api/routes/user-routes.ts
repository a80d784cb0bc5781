import type { UserChange, Users } from "../../../access/users.ts";
import { entityTag } from "../entity-tag.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changeUserSchema, createUserSchema } from "../schemas/principal-schemas.ts";

interface OneUser {
  params: { user: string };
}

const theUser = { description: "The user.", schema: resource("User") };

/** `/api/users`. `{user}` is a name or an id. */
export function userRoutes(users: Users): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/users",
      name: "listUsers",
      summary: "Lists users by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of users.", schema: pageOf("User") } },
      async handle({ query }) {
        return { status: 200, body: await users.list({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: { name: string } & UserChange }>({
      method: "POST",
      path: "/api/users",
      name: "createUser",
      summary: "Makes a user; without a password it signs in elsewhere, or with tokens only.",
      access: "administrator",
      body: { schema: createUserSchema, limit: 32_768, secret: true },
      responses: { 201: theUser },
      async handle({ body, caller }) {
        const user = await users.create(body, { caller });
        const headers = { Location: `/api/users/${user.principalId}`, ETag: entityTag(user.revision) };
        return { status: 201, body: user, headers };
      },
    }),
    route<OneUser>({
      method: "GET",
      path: "/api/users/{user}",
      name: "getUser",
      summary: "One user.",
      access: "administrator",
      responses: { 200: theUser },
      async handle({ params }) {
        const user = await users.get(params.user);
        return { status: 200, body: user, headers: { ETag: entityTag(user.revision) } };
      },
    }),
    route<OneUser & { body: UserChange }>({
      method: "PATCH",
      path: "/api/users/{user}",
      name: "changeUser",
      summary:
        "Changes a user. A new password, and disabling it, ends its sessions; a disabled user's tokens open nothing.",
      access: "administrator",
      body: { schema: changeUserSchema, limit: 32_768, secret: true },
      ifMatch: true,
      responses: { 200: theUser },
      async handle({ params, body, caller, ifMatch }) {
        const user = await users.change(params.user, body, { caller, expectedRevision: ifMatch });
        return { status: 200, body: user, headers: { ETag: entityTag(user.revision) } };
      },
    }),
    route<OneUser>({
      method: "DELETE",
      path: "/api/users/{user}",
      name: "removeUser",
      summary: "Removes a user: its sessions and tokens end at once.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, caller, ifMatch }) {
        await users.remove(params.user, { caller, expectedRevision: ifMatch });
        return { status: 204 };
      },
    }),
  ];
}
