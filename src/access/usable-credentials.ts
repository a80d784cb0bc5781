import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";
import { permits } from "./authorize.ts";
import type { Principal } from "./principal.ts";

/**
 * Whoever gives a job credentials by their names must be allowed to use them, as the job acts as somebody else, who may be allowed more.
 * One that is not there is refused in the same words; whoever may use everything learns of it by the job.
 * @throws UserError `credential-not-usable` (403)
 */
export async function refuseUnusableCredentials(
  store: Pick<Store, "read">,
  names: readonly string[],
  caller: Principal,
): Promise<void> {
  if (permits(caller, "use", { kind: "everything" })) {
    return;
  }
  for (const name of names) {
    const found = await store.read.asset({ kind: "credential", asset: name });
    const target = { kind: "asset", assetKind: "credential", assetId: found?.assetId ?? "" } as const;
    if (found === null || !permits(caller, "use", target)) {
      throw new UserError("credential-not-usable", `There is no credential ${name} that ${caller.name} may use.`, {
        status: 403,
        remedy: "Name another one, or ask an administrator for the role operator on it.",
      });
    }
  }
}
