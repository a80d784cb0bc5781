import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { variableTypes } from "../../src/contract/assets.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { LocalAsset, MissingAsset } from "./local-assets.ts";
import { LocalAssets, localConnection, typeOf } from "./local-assets.ts";
import { localCertificate } from "./local-certificate.ts";
import { isToolkitFile, toolkitAssets } from "./toolkit-assets.ts";

type Members = Record<string, unknown>;

/**
 * The assets of files in Runsmith's own form, or in that of Microsoft's authoring toolkit. Throws `UserError` (`file-not-found`,
 * `invalid-assets-file`).
 */
export function readAssetsFiles(files: readonly string[]): LocalAssets {
  return new LocalAssets(files, files.flatMap(readAssetsFile));
}

function readAssetsFile(file: string): (LocalAsset | MissingAsset)[] {
  const content = parsed(file);
  if (isToolkitFile(content)) return toolkitAssets(content, /^secure/i.test(basename(file)));
  const unknown = Object.keys(content).find((name) => !sections.includes(name));
  if (unknown !== undefined) throw invalid(file, `"${unknown}" is none of ${sections.join(", ")}`);
  const folder = dirname(file);
  return [
    ...members(file, content, "variables").map(([name, value]) => localVariable(name, value)),
    ...members(file, content, "credentials").map(([name, value]) => credential(file, name, value)),
    ...members(file, content, "connections").map(([name, value]) => connection(file, name, value)),
    ...members(file, content, "certificates").map(([name, value]) => {
      if (!isObject(value)) throw invalid(file, `the certificate "${name}" is no object`);
      const path = (member: string): string | undefined =>
        typeof value[member] === "string" ? resolve(folder, value[member]) : undefined;
      const password = value["password"];
      return localCertificate(name, {
        pfx: path("pfx"),
        certificate: path("certificate"),
        privateKey: path("privateKey"),
        password: typeof password === "string" ? password : undefined,
      });
    }),
  ];
}

const sections = ["variables", "credentials", "connections", "certificates"];

/** A value as it is, or `{ "value": …, "encrypted": true, "type": "date-time" }`. */
function localVariable(name: string, given: unknown): LocalAsset {
  const isLong =
    isObject(given) &&
    "value" in given &&
    Object.keys(given).every((key) => ["value", "encrypted", "type"].includes(key));
  const value = isLong ? given["value"] : given;
  const encrypted = isLong && given["encrypted"] === true;
  const type = variableTypes.find((each) => isLong && each === given["type"]) ?? typeOf(value);
  return { name, value: { kind: "variable", type, value, encrypted }, secrets: encrypted ? ["/value"] : [] };
}

function credential(file: string, name: string, given: unknown): LocalAsset {
  const { userName, password } = isObject(given) ? given : {};
  if (typeof userName !== "string" || typeof password !== "string")
    throw invalid(file, `the credential "${name}" needs a "userName" and a "password"`);
  return { name, value: { kind: "credential", userName, password }, secrets: ["/password"] };
}

function connection(file: string, name: string, given: unknown): LocalAsset {
  const { connectionType = "", fields, secretFields = [] } = isObject(given) ? given : {};
  if (!isObject(fields) || !Array.isArray(secretFields) || typeof connectionType !== "string")
    throw invalid(
      file,
      `the connection "${name}" needs "fields", and may have a "connectionType" and a list of "secretFields"`,
    );
  return localConnection(name, connectionType, fields, secretFields.map(String));
}

function members(file: string, content: Members, section: string): [string, unknown][] {
  const given = content[section] ?? {};
  if (!isObject(given)) throw invalid(file, `"${section}" is no object`);
  return Object.entries(given);
}

function parsed(file: string): Members {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new UserError("file-not-found", `${file} cannot be read: ${(error as Error).message}.`, {
      remedy: "See that the path is right and that you may read it.",
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes what is there.
    throw invalid(file, "it is not JSON");
  }
  if (!isObject(content)) throw invalid(file, "it is no object");
  return content;
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(file: string, reason: string): UserError {
  return new UserError("invalid-assets-file", `${file} holds no assets: ${reason}.`, {
    remedy:
      'Write {"variables": {"Region": "west"}, "credentials": {"ops": {"userName": "…", "password": "…"}}}; see "Try assets" in docs/authors-reference.md.',
  });
}
