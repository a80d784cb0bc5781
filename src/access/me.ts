import type { MeResource, TokenPermission } from "../contract/api/principal.ts";
import type { Store } from "../store/store.ts";
import type { Principal } from "./principal.ts";

/** What a caller is told of itself. */
export async function describeCaller(store: Pick<Store, "read">, caller: Principal): Promise<MeResource> {
  const { principalId, kind, name, roles, groupIds = [], scope, mustChangePassword } = caller;
  const [stored, memberships] = await Promise.all([
    store.read.principal({ principalId }),
    store.read.groupsOf({ principalId }),
  ]);
  const names = new Map(memberships.map((membership) => [membership.groupId, membership.name]));
  return {
    principalId,
    kind,
    name,
    displayName: stored?.user?.displayName || name,
    administrator: roles.includes("administrator"),
    groups: groupIds.map((groupId) => ({ principalId: groupId, name: names.get(groupId) ?? groupId })),
    scope: scope === undefined ? null : ([...scope] as TokenPermission[]),
    signedInBy: caller.sessionId !== undefined ? "session" : caller.tokenId !== undefined ? "token" : "password",
    hasPassword: stored?.user?.hasPassword ?? false,
    mustChangePassword: mustChangePassword ?? false,
  };
}
