import type { SignInProviderWrites, StoredSignInProvider } from "../operations/sign-in-providers.ts";
import type { AuditRules, ThingKind } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const provider: ThingKind<StoredSignInProvider> = {
  kind: "sign-in-provider",
  id: ({ providerId }) => providerId,
  name: ({ name }) => name,
  facts: ({ settings, enabled, sealedSecret, secretVersion }) => ({
    ...settings,
    enabled,
    clientSecret: sealedSecret === null ? null : secretVersion,
  }),
  // Which version of it there is tells that it changed, and nothing of it.
  secrets: ["clientSecret"],
};

const byName = ({ name }: { name: string }) => ({ read: "signInProvider", of: { name } }) as const;

export const signInProviderAudit: AuditRules<SignInProviderWrites> = {
  createSignInProvider: changeOf(provider, byName),
  changeSignInProvider: changeOf(provider, byName),
  removeSignInProvider: changeOf(provider, byName),
  rewrapProviderSecrets: notAudited("the values stay the same; the replacement of the master key is audited"),
};
