import type { TokenAdministration, TokenRequest } from "../../../access/token-administration.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, idSchema, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { createTokenSchema } from "../schemas/principal-schemas.ts";

interface OneToken {
  params: { tokenId: string };
}

/** `/api/tokens`: everybody's own, and for administrators those of others. */
export function tokenRoutes(tokens: TokenAdministration): Route[] {
  return [
    route<{ query: PageQuery & { principal?: string } }>({
      method: "GET",
      path: "/api/tokens",
      name: "listTokens",
      summary: "Lists the caller's tokens; for administrators also those of others.",
      access: "signed-in",
      query: {
        ...pageQuery,
        after: idSchema,
        principal: {
          type: "string",
          maxLength: 256,
          description: "Whose: an id, `user:NAME`, `service-principal:NAME`, a name, or `all`.",
        },
      },
      responses: { 200: { description: "A page of tokens.", schema: pageOf("Token") } },
      async handle({ query, caller }) {
        return { status: 200, body: await tokens.list(caller, { ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: TokenRequest }>({
      method: "POST",
      path: "/api/tokens",
      name: "createToken",
      summary: "Makes a token, which is shown this once: the caller's own, or for administrators that of another.",
      access: "signed-in",
      body: { schema: createTokenSchema, limit: 8_192 },
      idempotency: "once",
      responses: { 201: { description: "The token.", schema: resource("NewToken") } },
      async handle({ body, caller }) {
        const token = await tokens.create(caller, body);
        return { status: 201, body: token, headers: { Location: `/api/tokens/${token.tokenId}` } };
      },
    }),
    route<OneToken>({
      method: "GET",
      path: "/api/tokens/{tokenId}",
      name: "getToken",
      summary: "One token, without itself.",
      access: "signed-in",
      params: { tokenId: idSchema },
      responses: { 200: { description: "The token.", schema: resource("Token") } },
      async handle({ params, caller }) {
        return { status: 200, body: await tokens.get(caller, params.tokenId) };
      },
    }),
    route<OneToken>({
      method: "DELETE",
      path: "/api/tokens/{tokenId}",
      name: "revokeToken",
      summary: "Ends a token at once.",
      access: "signed-in",
      params: { tokenId: idSchema },
      responses: { 204: { description: "It is revoked." } },
      async handle({ params, caller }) {
        await tokens.revoke(caller, params.tokenId);
        return { status: 204 };
      },
    }),
  ];
}
