import type { AssetValueKind } from "../contract/assets.ts";
import type { RunbookKind } from "../contract/runbook-kind.ts";

/** An asset that a script names. */
export interface NamedAsset {
  kind: AssetValueKind;
  name: string;
}

const functions: Readonly<Record<string, AssetValueKind>> = {
  variable: "variable",
  setVariable: "variable",
  credential: "credential",
  connection: "connection",
  certificate: "certificate",
};

const commands: Readonly<Record<string, AssetValueKind>> = {
  "get-automationvariable": "variable",
  "set-automationvariable": "variable",
  "get-automationpscredential": "credential",
  "get-automationconnection": "connection",
  "get-automationcertificate": "certificate",
};

/*
 * Every repetition has an end, so that no script, however long, takes more than one look at each of its places.
 */

/** `credential("ops")`, also with a type argument; the name in any quotes, with nothing put into it. */
const call =
  /\b(variable|setVariable|credential|connection|certificate)\s{0,40}(?:<[^<>()]{0,400}>\s{0,40})?\(\s{0,200}(?:"([^"\\\n]{0,512})"|'([^'\\\n]{0,512})'|`([^`\\$]{0,512})`)/g;

/** `Get-AutomationVariable -Name 'x'`, also without `-Name`, and without quotes. */
const invocation =
  /\b((?:Get|Set)-Automation(?:Variable|PSCredential|Connection|Certificate))\b(?:[ \t]{1,200}-Name(?:[ \t]{1,200}|:[ \t]{0,200})|[ \t]{1,200})(?:"([^"`$\n]{0,512})"|'((?:[^'\n]|''){0,512})'|([^\s"'$()|;{}@-][^\s"'$()|;{}]{0,511}))/gi;

/**
 * The assets that a script names literally; those whose name is put together when it runs are not among them. It reads the text alone, so
 * what stands in a comment counts too: nothing is missed for it.
 */
export function assetsNamedIn(source: string, kind: RunbookKind): NamedAsset[] {
  const found = new Map<string, NamedAsset>();
  const note = (assetKind: AssetValueKind | undefined, name: string | undefined) => {
    if (assetKind !== undefined && name !== undefined && name !== "") {
      found.set(`${assetKind} ${name}`, { kind: assetKind, name });
    }
  };
  if (kind === "TypeScript") {
    for (const [, called = "", ...names] of source.matchAll(call)) {
      note(
        functions[called],
        names.find((name) => name !== undefined),
      );
    }
  } else {
    for (const [, command = "", double, single, bare] of source.matchAll(invocation)) {
      note(commands[command.toLowerCase()], double ?? single?.replaceAll("''", "'") ?? bare);
    }
  }
  return [...found.values()];
}
