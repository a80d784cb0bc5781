import type { ProviderChange, SignInProviders } from "../../../access/open-id/sign-in-providers.ts";
import type { SignInProviderSettings } from "../../../contract/api/sign-in-provider.ts";
import { entityTag } from "../entity-tag.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { objectSchema, resource } from "../schemas/common-schemas.ts";
import { changeSignInProviderSchema, createSignInProviderSchema } from "../schemas/sign-in-provider-schemas.ts";

interface OneProvider {
  params: { name: string };
}

const theProvider = { description: "The provider.", schema: resource("SignInProvider") };

/** `/api/sign-in-providers`: by which users may sign in. */
export function signInProviderRoutes(providers: SignInProviders): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/sign-in-providers",
      name: "listSignInProviders",
      summary: "Lists the sign-in providers by name.",
      access: "administrator",
      responses: {
        200: {
          description: "The providers.",
          schema: objectSchema({ items: { type: "array", items: resource("SignInProvider") } }),
        },
      },
      async handle() {
        return { status: 200, body: { items: await providers.list() } };
      },
    }),
    route<{ body: ProviderChange & Pick<SignInProviderSettings, "name" | "issuer" | "clientId"> }>({
      method: "POST",
      path: "/api/sign-in-providers",
      name: "createSignInProvider",
      summary: "Makes a provider of OpenID Connect known; its client's redirect URI is /api/sign-in/NAME/callback.",
      access: "administrator",
      body: { schema: createSignInProviderSchema, limit: 131_072, secret: true },
      responses: { 201: theProvider },
      async handle({ body, caller }) {
        const provider = await providers.create(body, { caller });
        const headers = { Location: `/api/sign-in-providers/${provider.name}`, ETag: entityTag(provider.revision) };
        return { status: 201, body: provider, headers };
      },
    }),
    route<OneProvider>({
      method: "GET",
      path: "/api/sign-in-providers/{name}",
      name: "getSignInProvider",
      summary: "One sign-in provider, without its client's secret.",
      access: "administrator",
      responses: { 200: theProvider },
      async handle({ params }) {
        const provider = await providers.get(params.name);
        return { status: 200, body: provider, headers: { ETag: entityTag(provider.revision) } };
      },
    }),
    route<OneProvider & { body: ProviderChange }>({
      method: "PATCH",
      path: "/api/sign-in-providers/{name}",
      name: "changeSignInProvider",
      summary: "Changes a sign-in provider.",
      access: "administrator",
      body: { schema: changeSignInProviderSchema, limit: 131_072, secret: true },
      ifMatch: true,
      responses: { 200: theProvider },
      async handle({ params, body, caller, ifMatch }) {
        const provider = await providers.change(params.name, body, { caller, expectedRevision: ifMatch });
        return { status: 200, body: provider, headers: { ETag: entityTag(provider.revision) } };
      },
    }),
    route<OneProvider>({
      method: "DELETE",
      path: "/api/sign-in-providers/{name}",
      name: "removeSignInProvider",
      summary: "Removes a sign-in provider; its users stay.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, ifMatch }) {
        await providers.remove(params.name, ifMatch);
        return { status: 204 };
      },
    }),
  ];
}
