import { UserError } from "../../src/contract/user-error.ts";
import { accountMay } from "../accounts/account-may.ts";
import type { HostAccounts } from "../accounts/host-account.ts";
import type { Spawner } from "../spawning/spawner.ts";
import { createBubblewrapSandbox } from "./bubblewrap.ts";
import { createUnisolatedSandbox } from "./none.ts";
import { probeSandbox } from "./probe.ts";
import type { Sandbox } from "./sandbox.ts";

export interface SandboxChoice {
  sandbox: "bubblewrap" | "none";
  trustEveryRunbook: boolean;
  protectedPaths: readonly string[];
  unchangeablePaths: readonly string[];
  runtimeDirectory: string;
}

/**
 * The sandbox that was asked for, tried out.
 *
 * @throws UserError when bubblewrap is missing or does not work here; when there is to be no sandbox although scripts
 *   could read what belongs to Runsmith, and the operator has not said that every runbook is trusted.
 */
export async function chooseSandbox(choice: SandboxChoice, accounts: HostAccounts, spawner: Spawner): Promise<Sandbox> {
  if (choice.sandbox === "bubblewrap") {
    const sandbox = await createBubblewrapSandbox(choice, spawner);
    const account = accounts.acquire();
    try {
      await probeSandbox(sandbox, account);
    } finally {
      account?.release();
    }
    return sandbox;
  }
  const account = accounts.acquire();
  try {
    for (const path of choice.protectedPaths) {
      if (!choice.trustEveryRunbook && (await accountMay("read", path, account))) {
        throw new UserError(
          "sandbox-none-refused",
          `Without a sandbox every runbook could read ${path}, because scripts would run as an account that may.`,
          {
            remedy:
              "Use the sandbox; or start the worker as root, so that scripts get accounts of their own; or say --i-trust-every-runbook if you do.",
          },
        );
      }
    }
  } finally {
    account?.release();
  }
  return createUnisolatedSandbox(spawner);
}
