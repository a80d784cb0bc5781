import type { Right } from "../permission.ts";
import type { Principal } from "../principal.ts";

/* For tests only. */

/** Who may do everything. */
export const testAdministrator: Principal = {
  principalId: "0196f1c2-6c1e-7c3e-8f4a-3d0d6c2f9b00",
  kind: "user",
  name: "tester",
  roles: ["administrator"],
  rights: [],
};

/** Who may do what these rights permit. */
export function testPrincipal(name: string, rights: readonly Right[], more: Partial<Principal> = {}): Principal {
  return {
    ...testAdministrator,
    principalId: "0196f1c2-6c1e-7c3e-8f4a-3d0d6c2f9b01",
    name,
    roles: [],
    rights,
    ...more,
  };
}
