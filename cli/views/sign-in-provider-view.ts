import type { SignInProviderResource } from "../../src/contract/api/sign-in-provider.ts";
import type { View } from "../output/print.ts";

/** How sign-in providers are shown. */
export const signInProviderView: View<SignInProviderResource> = {
  columns: [
    { title: "Name", value: ({ name }) => name },
    { title: "Display name", value: ({ displayName }) => displayName },
    { title: "Issuer", value: ({ issuer }) => issuer },
    {
      title: "Client",
      value: ({ clientId, hasClientSecret }) => `${clientId}${hasClientSecret ? "" : " (no secret)"}`,
    },
    { title: "Enabled", value: ({ enabled }) => (enabled ? "yes" : "no") },
    { title: "New users", value: ({ newUsers }) => newUsers },
    { title: "From", value: ({ fromFile, modifiedBy }) => (fromFile ? "the server's file" : (modifiedBy ?? "")) },
  ],
  details: [
    { title: "Scopes", value: ({ scopes }) => scopes.join(" ") },
    { title: "Name claim", value: ({ nameClaim }) => nameClaim },
    { title: "Groups claim", value: ({ groupsClaim }) => groupsClaim },
    {
      title: "Groups",
      value: ({ groups }) =>
        Object.entries(groups)
          .map(([theirs, ours]) => `${theirs}=${ours}`)
          .join("\n"),
    },
  ],
  name: ({ name }) => name,
};
