import { isoTime, isoTimeOrNull } from "../contract/api/iso-time.ts";
import type { Principal } from "../store/operations/access.ts";

/** What all kinds of principal show. */
export function principalResource(principal: Principal) {
  const { principalId, name, enabled, roles, description, createdAt, modifiedAt, modifiedBy, revision } = principal;
  return {
    principalId,
    name,
    enabled,
    administrator: roles.includes("administrator"),
    description,
    createdAt: isoTime(createdAt),
    modifiedAt: isoTimeOrNull(modifiedAt),
    modifiedBy,
    revision,
  };
}
