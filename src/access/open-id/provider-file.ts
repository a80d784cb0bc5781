import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import type { SignInProviderSettings } from "../../contract/api/sign-in-provider.ts";
import { newUserRules } from "../../contract/api/sign-in-provider.ts";
import { UserError } from "../../contract/user-error.ts";
import { validationErrors } from "../../contract/validation-errors.ts";
import type { SignInProvider } from "./provider-settings.ts";
import { checkIssuer, usualProviderSettings } from "./provider-settings.ts";

type FileProvider = Pick<SignInProviderSettings, "name" | "issuer" | "clientId"> &
  Partial<SignInProviderSettings> & { clientSecretFile?: string };

const text = { type: "string", minLength: 1, maxLength: 256 };
const schema = {
  type: "object",
  properties: {
    providers: {
      type: "array",
      items: {
        type: "object",
        properties: {
          name: { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,31}$" },
          displayName: text,
          issuer: { type: "string", minLength: 1, maxLength: 1024 },
          clientId: text,
          clientSecretFile: { type: "string", minLength: 1 },
          scopes: { type: "array", items: text },
          nameClaim: text,
          groupsClaim: text,
          groups: { type: "object", additionalProperties: text },
          newUsers: { enum: newUserRules },
        },
        required: ["name", "issuer", "clientId"],
        additionalProperties: false,
      },
    },
  },
  required: ["providers"],
  additionalProperties: false,
};

/**
 * Reads the providers that the server's file lists, YAML or JSON. Paths in it are seen from its folder.
 * @throws UserError `sign-in-providers-unreadable`, `sign-in-providers-invalid`, `invalid-issuer`
 */
export async function readProviderFile(file: string): Promise<SignInProvider[]> {
  const found = parsed(await readText(file), file);
  const check = new Ajv2020({ allErrors: true, strict: true }).compile<{ providers: FileProvider[] }>(schema);
  if (!check(found)) {
    throw new UserError("sign-in-providers-invalid", `${file} does not hold sign-in providers.`, {
      status: 500,
      remedy: "Mend what is listed; docs/access.md has an example.",
      errors: validationErrors(check.errors ?? [], ""),
    });
  }
  const names = found.providers.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) {
    throw new UserError("sign-in-providers-invalid", `${file} lists the provider ${double} twice.`, { status: 500 });
  }
  return Promise.all(found.providers.map((provider) => withSecret(provider, file)));
}

async function withSecret({ clientSecretFile, ...provider }: FileProvider, file: string): Promise<SignInProvider> {
  checkIssuer(provider.issuer);
  const secret =
    clientSecretFile === undefined ? null : (await readText(resolve(dirname(file), clientSecretFile))).trim();
  return { ...usualProviderSettings, displayName: provider.name, ...provider, clientSecret: secret, version: "file" };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UserError("sign-in-providers-unreadable", `${file} cannot be read: ${(error as Error).message}.`, {
      status: 500,
      remedy: "Name a file that the server's account can read, with --sign-in-providers.",
    });
  }
}

function parsed(content: string, file: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    throw new UserError("sign-in-providers-invalid", `${file} is neither YAML nor JSON: ${(error as Error).message}`, {
      status: 500,
    });
  }
}
