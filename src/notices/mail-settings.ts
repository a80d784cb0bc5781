import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ValidateFunction } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { UserError } from "../contract/user-error.ts";
import { validationErrors } from "../contract/validation-errors.ts";

/** How the installation sends mail. */
export interface MailSettings {
  host: string;
  port: number;
  /** `tls` from the first byte, `starttls` (insisted on), or `none`, to a server on this machine only. */
  security: "tls" | "starttls" | "none";
  user: string | null;
  /** Where the user's password is; it is read for each mail, so a changed one counts from the next mail on. */
  passwordFile: string | null;
  /** PEM file to check the server's certificate against; the system's authorities without one. */
  caFile: string | null;
  /** The sender, such as `Runsmith <runsmith@example.org>`. */
  from: string;
}

interface SettingsFile {
  host: string;
  port?: number;
  security?: MailSettings["security"];
  user?: string;
  passwordFile?: string;
  caFile?: string;
  from: string;
}

const text = { type: "string", minLength: 1, maxLength: 256 };
const schema = {
  type: "object",
  properties: {
    host: text,
    port: { type: "integer", minimum: 1, maximum: 65_535 },
    security: { enum: ["tls", "starttls", "none"] },
    user: text,
    passwordFile: { type: "string", minLength: 1 },
    caFile: { type: "string", minLength: 1 },
    from: { ...text, pattern: "@" },
  },
  required: ["host", "from"],
  dependentRequired: { user: ["passwordFile"], passwordFile: ["user"] },
  additionalProperties: false,
};

const defaultPorts = { tls: 465, starttls: 587, none: 25 } as const;
const example =
  "host: smtp.example.org, user: runsmith, passwordFile: mail-password, from: Runsmith <runsmith@example.org>";

/**
 * Reads the settings of mail, JSON or YAML. Paths in it are seen from its folder.
 * @throws UserError `mail-settings-unreadable`, `mail-settings-invalid`
 */
export async function readMailSettings(file: string): Promise<MailSettings> {
  let found: unknown;
  try {
    found = parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new UserError("mail-settings-unreadable", `The mail settings ${file} cannot be read: ${String(error)}`, {
      status: 503,
      remedy: `Write them in YAML or JSON, such as: ${example}`,
      cause: error,
    });
  }
  const validate: ValidateFunction<SettingsFile> = new Ajv2020({ allErrors: true }).compile<SettingsFile>(schema);
  if (!validate(found)) {
    throw new UserError("mail-settings-invalid", `The mail settings ${file} are not what they should be.`, {
      status: 503,
      remedy: `An example: ${example}`,
      errors: validationErrors(validate.errors ?? [], ""),
    });
  }
  const { host, security = "starttls", from } = found;
  if (security === "none" && !isLoopback(host)) {
    throw new UserError("mail-settings-invalid", `Mail to ${host} would be sent unencrypted.`, {
      status: 503,
      remedy: "Use security: starttls or tls; none is for a server on this machine.",
    });
  }
  const path = (name: string | undefined) => (name === undefined ? null : resolve(dirname(file), name));
  return {
    host,
    port: found.port ?? defaultPorts[security],
    security,
    user: found.user ?? null,
    passwordFile: path(found.passwordFile),
    caFile: path(found.caFile),
    from,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
