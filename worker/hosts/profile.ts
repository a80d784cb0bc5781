import type { Grant } from "../../src/contract/grant.ts";
import type { HostKind } from "../../src/contract/runbook-kind.ts";
import type { PreparedGrants } from "../sandbox/prepared-grants.ts";

/** What must be fixed before a host starts; hosts of one profile stand in for each other. */
export interface Profile {
  kind: HostKind;
  grants: PreparedGrants;
  /** The same for the same profile. */
  key: string;
  /** What every job of it should know, such as that its account may not write to a folder that is granted for writing. */
  warnings: readonly string[];
}

/** The same for two lists of grants that give the same. */
export function profileKey(kind: HostKind, grants: readonly Grant[]): string {
  if (grants.length === 0) return kind;
  const texts = grants.map((grant) =>
    grant.type === "path"
      ? `path ${grant.access} ${grant.path}`
      : grant.type === "socket"
        ? `socket ${grant.path}`
        : grant.type,
  );
  return `${kind}\n${[...new Set(texts)].sort().join("\n")}`;
}
