import type { Principal } from "../../access/principal.ts";
import { anonymous } from "../../access/principal.ts";
import type { Actor } from "../../store/actor.ts";

/** The caller of a request, as the audit tells of it. */
export function actorOfCaller(caller: Principal, from: { address: string; requestId: string }): Actor {
  return {
    principalId: caller === anonymous ? null : caller.principalId,
    name: caller.name,
    kind: caller.kind,
    signedInBy: caller === anonymous ? null : signInOf(caller),
    ...from,
  };
}

function signInOf({ tokenId, sessionId }: Principal): string {
  if (tokenId !== undefined) {
    return `token ${tokenId}`;
  }
  return sessionId === undefined ? "password" : `session ${sessionId}`;
}
