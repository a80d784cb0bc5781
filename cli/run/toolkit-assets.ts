import type { LocalAsset, MissingAsset } from "./local-assets.ts";
import { localConnection, typeOf } from "./local-assets.ts";

/*
 * The two files of Microsoft's Azure Automation Authoring Toolkit, `LocalAssets.json` and `SecureLocalAssets.json`: lists of objects by
 * kind. The second holds what is encrypted in the service; in neither does a field say so.
 */

type Members = Record<string, unknown>;

const kinds = ["Variable", "PSCredential", "Connection", "Certificate"];

export function isToolkitFile(content: Members): boolean {
  return Object.entries(content).some(([kind, list]) => kinds.includes(kind) && Array.isArray(list));
}

/** @param secure its variables are encrypted ones */
export function toolkitAssets(content: Members, secure: boolean): (LocalAsset | MissingAsset)[] {
  return [
    ...entries(content, "Variable").map((variable): LocalAsset => {
      const value = variable["value"] ?? null;
      return {
        name: String(variable["name"]),
        value: { kind: "variable", type: typeOf(value), value, encrypted: secure },
        secrets: secure ? ["/value"] : [],
      };
    }),
    ...entries(content, "PSCredential").map(
      ({ name, username, password }): LocalAsset => ({
        name: String(name),
        value: { kind: "credential", userName: String(username ?? ""), password: String(password ?? "") },
        secrets: ["/password"],
      }),
    ),
    ...entries(content, "Connection").map(({ name, connectiontype, valuefields }): LocalAsset => {
      const fields = typeof valuefields === "object" && valuefields !== null ? (valuefields as Members) : {};
      const secret = Object.keys(fields).filter((field) => /password|secret|key|token/i.test(field));
      return localConnection(String(name), String(connectiontype ?? ""), fields, secret);
    }),
    ...entries(content, "Certificate").map(
      ({ name, thumbprint }): MissingAsset => ({
        name: String(name),
        kind: "certificate",
        why: `the file only tells its thumbprint, ${String(thumbprint)}; give its files in an assets.json`,
      }),
    ),
  ];
}

/** The objects of a kind that have a name, their members by lower-case names. */
function entries(content: Members, kind: string): Members[] {
  const list = content[kind];
  if (!Array.isArray(list)) return [];
  return list
    .filter((entry): entry is Members => typeof entry === "object" && entry !== null)
    .map((entry) => Object.fromEntries(Object.entries(entry).map(([key, value]) => [key.toLowerCase(), value])))
    .filter(({ name }) => typeof name === "string" && name !== "");
}
