import type { HostKind } from "../../src/contract/runbook-kind.ts";
import { hostKindOf, hostKinds, runbookKinds } from "../../src/contract/runbook-kind.ts";
import { UserError } from "../../src/contract/user-error.ts";

/** Jobs at once: of all kinds together, and of single kinds. */
export interface WorkerSlots {
  slots: number;
  kindSlots: Partial<Record<HostKind, number>>;
}

/**
 * Reads `8`, `typescript=8,powershell=2` (ten in all, and none of a kind that is not named), or `8,powershell=2` (eight in all, of
 * those at most two PowerShell). Throws `UserError` for anything else.
 */
export function parseSlots(text: string): WorkerSlots {
  let all: number | null = null;
  const kindSlots: Partial<Record<HostKind, number>> = {};
  for (const part of text.split(",")) {
    const [, kindName, number = ""] = /^(?:([a-z]+)=)?(\d{1,4})$/i.exec(part.trim()) ?? [];
    const kind = runbookKinds.find((name) => name.toLowerCase() === kindName?.toLowerCase());
    if (kindName === undefined && /^[1-9]/.test(number) && all === null) all = Number(number);
    else if (kind !== undefined && kindSlots[hostKindOf[kind]] === undefined)
      kindSlots[hostKindOf[kind]] = Number(number);
    else throw notSlots(text);
  }
  const named = Object.values(kindSlots).reduce((sum, number) => sum + number, 0);
  if (all !== null) return { slots: all, kindSlots };
  if (named === 0) throw notSlots(text);
  return { slots: named, kindSlots: { ...Object.fromEntries(hostKinds.map((kind) => [kind, 0])), ...kindSlots } };
}

function notSlots(text: string): UserError {
  return new UserError("invalid-slots", `--slots takes a number, or one for each kind of runbook, not "${text}".`, {
    remedy: "Write --slots 8, --slots typescript=8,powershell=2, or --slots 8,powershell=2 for eight of which two.",
  });
}
