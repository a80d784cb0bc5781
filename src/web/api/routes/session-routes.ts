import type { AccessFeature } from "../../../access/access-feature.ts";
import { refuseScopedToken } from "../../../access/narrow-token.ts";
import { UserError } from "../../../contract/user-error.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { refuseOtherOrigin } from "../same-origin.ts";
import { idSchema, objectSchema, resource } from "../schemas/common-schemas.ts";
import { signInSchema } from "../schemas/principal-schemas.ts";
import { noSessionCookie, sessionCookie } from "../session-cookie.ts";
import { beginSession } from "./begin-session.ts";
import { endFormerSession } from "./end-former-session.ts";

/** `/api/session`: signing in and out with a browser; `/api/me/sessions`: where else one is signed in. */
export function sessionRoutes(access: AccessFeature): Route[] {
  return [
    route<{ body: { userName: string; password: string } }>({
      method: "POST",
      path: "/api/session",
      name: "signIn",
      summary: "Signs a user in by password: begins a session, and sets its cookie.",
      access: "anyone",
      body: { schema: signInSchema, limit: 16_384, secret: true },
      idempotency: "own",
      responses: { 201: { description: "The session.", schema: resource("NewSession") } },
      async handle({ body, from, incoming }) {
        const secure = from.secure();
        refuseOtherOrigin(incoming, { host: from.host(), secure });
        const account = await access.signIn.check(body.userName, body.password, from.address());
        const { principalId, name, mustChangePassword, passwordHash } = account;
        await endFormerSession(access, incoming.headers.cookie, from);
        const { secret } = await beginSession(access, {
          principalId,
          method: "password",
          address: from.address(),
          ...(passwordHash !== null && { passwordHash }),
        });
        return {
          status: 201,
          body: { principalId, name, mustChangePassword },
          cookies: [sessionCookie(secret, secure)],
        };
      },
    }),
    route({
      method: "DELETE",
      path: "/api/session",
      name: "signOut",
      summary: "Ends the session of this request, and takes its cookie away.",
      access: "signed-in",
      beforePasswordChange: true,
      responses: { 204: { description: "It has ended." } },
      async handle({ caller, from }) {
        const { sessionId } = caller;
        if (sessionId === undefined) {
          throw new UserError("no-session", "This request is signed in by its own credentials, not by a session.", {
            status: 409,
            remedy: "Leave them out of the next request; DELETE /api/tokens/{tokenId} ends a token.",
          });
        }
        await access.endSession(sessionId);
        return { status: 204, cookies: [noSessionCookie(from.secure())] };
      },
    }),
    route({
      method: "GET",
      path: "/api/me/sessions",
      name: "listOwnSessions",
      summary: "Lists the sessions of the caller, the newest first.",
      access: "signed-in",
      responses: {
        200: {
          description: "The sessions.",
          schema: objectSchema({ items: { type: "array", items: resource("Session") } }),
        },
      },
      async handle({ caller }) {
        refuseScopedToken(caller);
        return { status: 200, body: { items: await access.sessions.list(caller) } };
      },
    }),
    route<{ params: { sessionId: string } }>({
      method: "DELETE",
      path: "/api/me/sessions/{sessionId}",
      name: "endOwnSession",
      summary: "Ends a session of the caller.",
      access: "signed-in",
      params: { sessionId: idSchema },
      responses: { 204: { description: "It has ended." } },
      async handle({ params, caller }) {
        refuseScopedToken(caller);
        const own = await access.sessions.list(caller);
        const sessionId = params.sessionId.toLowerCase();
        if (!own.some((session) => session.sessionId === sessionId)) {
          throw new UserError("session-not-found", `You have no session ${sessionId}.`, {
            status: 404,
            remedy: "List them: GET /api/me/sessions.",
          });
        }
        await access.endSession(sessionId);
        return { status: 204 };
      },
    }),
  ];
}
