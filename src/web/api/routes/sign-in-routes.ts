import type { AccessFeature } from "../../../access/access-feature.ts";
import { UserError } from "../../../contract/user-error.ts";
import { actAs, serviceItself } from "../../../store/actor.ts";
import { localAddress } from "../local-address.ts";
import type { ApiRequest, Route } from "../route.ts";
import { route } from "../route.ts";
import { resource } from "../schemas/common-schemas.ts";
import { noSignInCookie, sessionCookie, signInCookie, signInUnderWay } from "../session-cookie.ts";
import { beginSession } from "./begin-session.ts";
import { endFormerSession } from "./end-former-session.ts";

interface OneProvider {
  params: { provider: string };
}

/** `/api/sign-in`: the ways to sign in, and the way by a provider of OpenID Connect. */
export function signInRoutes(access: AccessFeature): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/sign-in",
      name: "listSignInWays",
      summary: "The ways to sign in.",
      access: "anyone",
      responses: { 200: { description: "The ways.", schema: resource("SignInWays") } },
      async handle() {
        const providers = (await access.providers.enabled()).map(({ name, displayName }) => ({
          name,
          displayName,
          url: `/api/sign-in/${name}`,
        }));
        return { status: 200, body: { password: true, providers } };
      },
    }),
    route<OneProvider & { query: { returnTo?: string } }>({
      method: "GET",
      path: "/api/sign-in/{provider}",
      name: "beginSignIn",
      summary: "Sends the browser to a sign-in provider.",
      access: "anyone",
      query: {
        returnTo: {
          type: "string",
          maxLength: 2_000,
          description: "Where to go then: a path of this service; / by default.",
        },
      },
      responses: { 303: { description: "To the provider." } },
      async handle({ params, query, from }) {
        const returnTo = localAddress(query.returnTo ?? "/");
        const { url, secret } = await access.openId.begin(params.provider, redirectUri(params.provider, from));
        return { redirect: url, cookies: [signInCookie({ secret, returnTo }, from.secure())] };
      },
    }),
    route<OneProvider>({
      method: "GET",
      path: "/api/sign-in/{provider}/callback",
      name: "endSignIn",
      summary: "Where a sign-in provider sends the browser back to: begins a session, and sets its cookie.",
      access: "anyone",
      openQuery: true,
      responses: { 303: { description: "To where the browser wanted to go." } },
      async handle({ params, from, incoming }) {
        const secure = from.secure();
        const underWay = signInUnderWay(incoming.headers.cookie, secure);
        const answer = new URL(redirectUri(params.provider, from));
        answer.search = new URL(incoming.url ?? "", answer).search;
        const address = from.address();
        const { secret } = await actAs(
          { ...serviceItself, name: `sign-in by ${params.provider}`, address },
          async () => {
            const { principalId } = await access.openId.finish(params.provider, answer, underWay?.secret, address);
            await endFormerSession(access, incoming.headers.cookie, from);
            return beginSession(access, { principalId, method: params.provider, address });
          },
        );
        return {
          redirect: localAddress(underWay?.returnTo ?? "/"),
          cookies: [sessionCookie(secret, secure), noSignInCookie(secure)],
        };
      },
    }),
  ];
}

/**
 * As it stands in the client's registration at the provider.
 * @throws UserError `invalid-request` where the browser did not say whom it asks
 */
function redirectUri(provider: string, from: ApiRequest["from"]): string {
  const uri = `${from.secure() ? "https" : "http"}://${from.host()}/api/sign-in/${encodeURIComponent(provider)}/callback`;
  if (!/^[a-z0-9.:[\]-]+$/.test(from.host()) || !URL.canParse(uri)) {
    throw new UserError("invalid-request", "The header Host names no host.", {
      remedy: "Use a browser, and a proxy that passes Host or X-Forwarded-Host on.",
    });
  }
  return uri;
}
