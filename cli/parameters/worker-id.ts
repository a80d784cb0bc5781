import { UserError } from "../../src/contract/user-error.ts";

/** A worker's id, as it was typed. Throws `UserError` for what cannot be one, such as a worker's name. */
export function workerId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  throw new UserError("unknown-worker", `"${text}" is not a worker's id.`, {
    remedy: "See the ids of all workers: npx runsmith get-worker",
  });
}
