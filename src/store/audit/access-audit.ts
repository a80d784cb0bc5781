import type { AccessWrites, Principal, StoredToken } from "../operations/access.ts";
import type { GroupMemberWrites, StoredMembership } from "../operations/group-members.ts";
import type { SignInWrites } from "../operations/sign-ins.ts";
import type { AuditRules, ThingKind, ToldChange } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const principal: ThingKind<Principal> = {
  kind: "principal",
  id: ({ principalId }) => principalId,
  name: ({ name }) => name,
  facts: ({ kind, name, roles, enabled, description, user }) => ({
    kind,
    name,
    roles,
    enabled,
    description,
    displayName: user?.displayName,
    email: user?.email,
    mustChangePassword: user?.mustChangePassword,
    // The password itself is nowhere: when it was changed tells that it was.
    passwordChangedAt: timeText(user?.passwordChangedAt),
  }),
};

const byId = ({ principalId }: { principalId: string }) => ({ read: "principal", of: { principalId } }) as const;

/** What was done to a principal that its own members do not show; null when it is not there. */
function toldOf(read: unknown, action: string, states: Pick<ToldChange, "before" | "after" | "by">): ToldChange | null {
  return read === null
    ? null
    : { action, kind: principal.kind, ...states, id: (read as Principal).principalId, name: (read as Principal).name };
}

const ownUpkeep = "it keeps a sign-in going that is audited";
const bySignIn = "the service clears away what has ended by itself";

export const accessAudit: AuditRules<AccessWrites & GroupMemberWrites & SignInWrites> = {
  createPrincipal: changeOf(principal, (_, result) => (result === undefined ? null : byId(result))),
  changePrincipal: changeOf(principal, byId),
  deletePrincipal: changeOf(principal, byId),
  createToken: {
    look: byId,
    tell: ({ argument: { purpose, name, scope, expiresAt, replace }, result: { tokenId }, before }) =>
      toldOf(before, "create-token", {
        before: null,
        after: { tokenId, purpose, name, scope, expiresAt: timeText(expiresAt), replacesOthers: replace === true },
      }),
  },
  revokeToken: {
    look: ({ tokenId }, result) => (result === undefined ? { read: "token", of: { tokenId } } : null),
    tell({ before }) {
      const token = before as StoredToken | null;
      return token === null
        ? null
        : {
            action: "revoke-token",
            kind: principal.kind,
            id: token.principalId,
            name: token.principalName,
            before: { tokenId: token.tokenId, purpose: token.purpose, name: token.name },
            after: null,
          };
    },
  },
  revokeTokens: {
    look: byId,
    tell: ({ argument: { purpose }, result: revoked, before }) =>
      revoked === 0 ? null : toldOf(before, "revoke-tokens", { before: { tokens: revoked, purpose }, after: null }),
  },
  markTokensUsed: notAudited("it changes nothing that anybody may do"),
  purgeExpiredTokens: notAudited(bySignIn),

  // Before the change the member is looked at, and after it the group.
  addGroupMember: {
    look: ({ principalId, groupId }, result) => byId({ principalId: result === undefined ? principalId : groupId }),
    tell: ({ argument: { principalId, source }, result: added, before, after }) =>
      added
        ? toldOf(after, "add-member", {
            before: null,
            after: { member: (before as Principal | null)?.name, memberId: principalId, source },
          })
        : null,
  },
  removeGroupMember: {
    look: ({ principalId, groupId }, result) => byId({ principalId: result === undefined ? principalId : groupId }),
    tell: ({ argument: { principalId }, result: removed, before, after }) =>
      removed
        ? toldOf(after, "remove-member", {
            before: { member: (before as Principal | null)?.name, memberId: principalId },
            after: null,
          })
        : null,
  },
  setMemberships: {
    look: ({ principalId }) => ({ read: "groupsOf", of: { principalId } }),
    tell: ({ argument: { principalId }, before, after }) => ({
      action: "set-groups",
      kind: principal.kind,
      id: principalId,
      name: null,
      before: { groups: groupNames(before) },
      after: { groups: groupNames(after) },
    }),
  },

  beginSession: {
    look: byId,
    tell({ argument: { method, address }, result: { sessionId }, before }) {
      const who = before as Principal | null;
      return toldOf(who, "sign-in", {
        before: null,
        after: { method, sessionId },
        ...(who !== null && {
          by: { principalId: who.principalId, principalName: who.name, principalKind: who.kind, address },
        }),
      });
    },
  },
  endSession: {
    tell: ({ argument: { sessionId }, result: ended }) =>
      ended
        ? { action: "sign-out", kind: "session", id: sessionId, name: null, before: { sessionId }, after: null }
        : null,
  },
  endSessions: {
    look: byId,
    tell: ({ result: ended, before }) =>
      ended === 0 ? null : toldOf(before, "end-sessions", { before: { sessions: ended }, after: null }),
  },
  addSessionSecret: notAudited(ownUpkeep),
  retireSessionSecrets: notAudited(ownUpkeep),
  markSessionsUsed: notAudited("it changes nothing that anybody may do"),
  purgeEndedSessions: notAudited(bySignIn),
  createUserOfIdentity: {
    look: (_, result) => (result === undefined ? null : byId(result)),
    tell: ({ argument: { provider, issuer, subject }, after }) =>
      toldOf(after, "create", {
        before: null,
        after: { ...(after === null ? {} : principal.facts?.(after as Principal)), provider, issuer, subject },
      }),
  },
  renewPasswordHash: notAudited("the password stays the same"),
};

function groupNames(memberships: unknown): string[] {
  return (memberships as StoredMembership[]).map(({ name }) => name);
}

function timeText(time: number | null | undefined): string | null | undefined {
  return typeof time === "number" ? new Date(time).toISOString() : time;
}
