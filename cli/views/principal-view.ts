import type {
  GroupMemberResource,
  GroupResource,
  NewTokenResource,
  ServicePrincipalResource,
  TokenResource,
  UserResource,
} from "../../src/contract/api/principal.ts";
import type { View } from "../output/print.ts";

/** How groups and service principals are shown. */
export const principalView: View<GroupResource | ServicePrincipalResource> = {
  columns: [
    { title: "Name", value: ({ name }) => name },
    { title: "Enabled", value: ({ enabled }) => yesOrNo(enabled) },
    { title: "Administrator", value: ({ administrator }) => yesOrNo(administrator) },
    { title: "Description", value: ({ description }) => description },
  ],
  details: [
    { title: "Made", value: ({ createdAt }) => createdAt },
    { title: "Changed", value: ({ modifiedAt }) => modifiedAt ?? "" },
    { title: "By", value: ({ modifiedBy }) => modifiedBy ?? "" },
    { title: "Id", value: ({ principalId }) => principalId },
  ],
  name: ({ name }) => name,
};

/** How users are shown. */
export const userView: View<UserResource> = {
  columns: [
    { title: "User", value: ({ name }) => name },
    { title: "Display name", value: ({ displayName }) => displayName },
    { title: "Enabled", value: ({ enabled }) => yesOrNo(enabled) },
    { title: "Administrator", value: ({ administrator }) => yesOrNo(administrator) },
    { title: "Password", value: passwordText },
    { title: "Signed in", value: ({ signedInAt }) => signedInAt ?? "" },
  ],
  details: [
    { title: "E-mail", value: ({ email }) => email ?? "" },
    { title: "Description", value: ({ description }) => description },
    { title: "Made", value: ({ createdAt }) => createdAt },
    { title: "Changed", value: ({ modifiedAt }) => modifiedAt ?? "" },
    { title: "By", value: ({ modifiedBy }) => modifiedBy ?? "" },
    { title: "Id", value: ({ principalId }) => principalId },
  ],
  name: ({ name }) => name,
};

/** How the members of a group are shown. */
export const memberView: View<GroupMemberResource> = {
  columns: [
    { title: "Member", value: ({ kind, name }) => `${kind}:${name}` },
    { title: "Provider", value: ({ provider }) => provider ?? "" },
    { title: "Since", value: ({ addedAt }) => addedAt },
    { title: "By", value: ({ addedBy }) => addedBy },
  ],
  name: ({ kind, name }) => `${kind}:${name}`,
};

/** How tokens are shown. */
export const tokenView: View<TokenResource> = {
  columns: [
    { title: "Token", value: ({ tokenId }) => tokenId },
    { title: "Name", value: ({ name }) => name },
    { title: "Principal", value: ({ principal }) => `${principal.kind}:${principal.name}` },
    { title: "Scope", value: ({ scope }) => scope?.join(",") ?? "all" },
    { title: "Expires", value: ({ expiresAt }) => expiresAt ?? "never" },
    { title: "Last used", value: ({ lastUsedAt }) => lastUsedAt ?? "" },
  ],
  details: [
    { title: "Made", value: ({ createdAt }) => createdAt },
    { title: "By", value: ({ createdBy }) => createdBy ?? "" },
  ],
  name: ({ tokenId }) => tokenId,
};

/** The same with the token itself, which is shown once. */
export const newTokenView: View<NewTokenResource> = {
  columns: [
    ...tokenView.columns.slice(0, -1),
    { title: "Secret", value: ({ token }) => token },
  ] as View<NewTokenResource>["columns"],
  name: ({ token }) => token,
};

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

function passwordText({ hasPassword, mustChangePassword }: UserResource): string {
  if (!hasPassword) return "none";
  return mustChangePassword ? "to be changed" : "set";
}
