import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

/* For tests only. */

/** What the provider says of a user. */
export interface Account {
  sub: string;
  preferred_username?: string;
  name?: string;
  email?: string;
  email_verified?: boolean;
  groups?: string[];
}

export const clientId = "runsmith";
export const clientSecret = "a-secret-of-the-client-that-is-long-enough";

/** A real provider of OpenID Connect on loopback, with a client registered for these addresses. */
export class TestProvider {
  readonly #server: Server;
  /** Who signs in there next. */
  account: Account = { sub: "1" };
  /** Says no in place of signing somebody in. */
  refuses = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  static async start(redirectUris: () => string[]): Promise<TestProvider> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const test = new TestProvider(server);
    const provider = new Provider(test.issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: redirectUris(),
          response_types: ["code"],
          grant_types: ["authorization_code"],
        },
      ],
      claims: {
        openid: ["sub"],
        profile: ["name", "preferred_username", "groups"],
        email: ["email", "email_verified"],
      },
      // Nobody is asked anything: whoever `account` is has signed in and agreed.
      findAccount: () => ({ accountId: test.account.sub, claims: () => ({ ...test.account }) }),
      pkce: { required: () => true },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
      features: { devInteractions: { enabled: false } },
      cookies: { keys: ["a key of the test"] },
    });
    const callback = provider.callback();
    server.on("request", (request, response) => {
      if (request.url?.startsWith("/interaction/") !== true) {
        void callback(request, response);
        return;
      }
      void test.#interact(provider, request, response);
    });
    return test;
  }

  async #interact(
    provider: Provider,
    request: Parameters<Provider["interactionDetails"]>[0],
    response: Parameters<Provider["interactionDetails"]>[1],
  ): Promise<void> {
    if (this.refuses) {
      const result = { error: "access_denied", error_description: "the user said no" };
      await provider.interactionFinished(request, response, result);
      return;
    }
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: this.account.sub, clientId: String(params["client_id"]) });
    grant.addOIDCScope(String(params["scope"]));
    const result = { login: { accountId: this.account.sub }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
