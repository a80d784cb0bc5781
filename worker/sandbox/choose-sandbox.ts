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
  if (!choice.trustEveryRunbook) await refuseReadable(choice.protectedPaths, accounts);
  return createUnisolatedSandbox(spawner);
}

/** Scripts without a sandbox see what their account sees. */
async function refuseReadable(protectedPaths: readonly string[], accounts: HostAccounts): Promise<void> {
  const account = accounts.acquire();
  try {
    for (const path of protectedPaths) {
      // What a folder that can be entered holds can be read by who knows its name.
      if (
        await known(() => accountMay("read", path, account).then((may) => may || accountMay("enter", path, account)))
      ) {
        throw sandboxNeeded(`every runbook could read ${path}, because scripts would run as an account that may`);
      }
    }
  } finally {
    account?.release();
  }

  async function known(ask: () => Promise<boolean>): Promise<boolean> {
    try {
      return await ask();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw sandboxNeeded(`nobody knows what runbooks could read: it cannot be found out (${reason})`, cause);
    }
  }
}

function sandboxNeeded(why: string, cause?: unknown): UserError {
  return new UserError("sandbox-none-refused", `Without a sandbox ${why}.`, {
    remedy:
      "Use the sandbox; or start the worker as root, so that scripts get accounts of their own; or say --i-trust-every-runbook if you do.",
    ...(cause === undefined ? {} : { cause }),
  });
}
