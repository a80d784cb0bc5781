import { describeCaller } from "../../../access/me.ts";
import type { Users } from "../../../access/users.ts";
import type { Store } from "../../../store/store.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { resource } from "../schemas/common-schemas.ts";
import { changePasswordSchema } from "../schemas/principal-schemas.ts";

/** `/api/me`: the caller itself. */
export function meRoutes(store: Pick<Store, "read">, users: Users): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/me",
      name: "getMe",
      summary: "Who the caller is.",
      access: "signed-in",
      beforePasswordChange: true,
      responses: { 200: { description: "The caller.", schema: resource("Me") } },
      async handle({ caller }) {
        return { status: 200, body: await describeCaller(store, caller) };
      },
    }),
    route<{ body: { currentPassword: string; newPassword: string } }>({
      method: "POST",
      path: "/api/me/password",
      name: "changeOwnPassword",
      summary: "Changes the caller's password, which ends its other sessions.",
      access: "signed-in",
      beforePasswordChange: true,
      body: { schema: changePasswordSchema, limit: 16_384, secret: true },
      idempotency: "own",
      responses: { 204: { description: "It is changed." } },
      async handle({ body, caller, from }) {
        const passwords = { current: body.currentPassword, next: body.newPassword, address: from.address() };
        await users.changeOwnPassword(caller, passwords);
        return { status: 204 };
      },
    }),
  ];
}
