import { UserError } from "../contract/user-error.ts";

/** An asset cannot be what was asked for. @param pointer of what is wrong, such as `/value` */
export function invalidAsset(pointer: string, message: string, remedy?: string): UserError {
  return new UserError("invalid-asset", message, {
    status: 422,
    errors: [{ pointer, message }],
    ...(remedy !== undefined && { remedy }),
  });
}
