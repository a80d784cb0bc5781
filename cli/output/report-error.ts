import type { ErrorBody } from "../../src/contract/error-body.ts";
import { UserError } from "../../src/contract/user-error.ts";
import { exitCodeOfError, exitCodes } from "../exit-codes.ts";

/**
 * Tells an error on standard error, as text or, under `--output json`, as `{"error": {…}}` with the members of the
 * API's error body. Says the exit code.
 */
export function reportError(error: unknown, args: readonly string[]): number {
  const asJson = wantsJson(args);
  if (error instanceof UserError) {
    process.stderr.write(asJson ? `${JSON.stringify({ error: bodyOf(error) })}\n` : `${errorText(error)}\n`);
    return exitCodeOfError(error);
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = `This is a bug in Runsmith, please report it with these lines:\n${stack}`;
  process.stderr.write(
    asJson ? `${JSON.stringify({ error: { type: "bug", title: "Bug", status: 500, detail: stack } })}\n` : `${text}\n`,
  );
  return exitCodes.failed;
}

/** What happened and why, each thing that is wrong, and what to do. */
export function errorText(error: UserError): string {
  const lines = [`Error: ${error.message}`];
  for (const { pointer, message } of error.errors ?? []) {
    // Problems of a script name their line and column; their place in the answer says nothing to a person.
    const place = pointer === "" || pointer.startsWith("/problems/") ? "" : `${pointer}: `;
    lines.push(`  ${place}${message}${listHint(pointer, message)}`);
  }
  if (error.remedy !== undefined) lines.push(`What to do: ${error.remedy}`);
  return lines.join("\n");
}

/** `-p` takes what is no JSON as text, so who gives a list learns how. */
function listHint(pointer: string, message: string): string {
  const name = /^\/parameters\/([^/~]+)$/.exec(pointer)?.[1];
  return name === undefined || message !== "must be array" ? "" : `: write it as JSON: -p '${name}=["a","b"]'`;
}

/** The error as the API would tell it. */
export function bodyOf(error: UserError): ErrorBody {
  return {
    type: error.code,
    title: error.code.replaceAll("-", " ").replace(/^./, (first) => first.toUpperCase()),
    status: error.status,
    detail: error.message,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      arg === "--output=json" || arg === "-ojson" || (arg === "json" && /^(-o|--output)$/.test(args[index - 1] ?? "")),
  );
}
