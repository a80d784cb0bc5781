import { UserError } from "../contract/user-error.ts";
import type { TriedAccount } from "../store/operations/audit.ts";

/** A name and a password that sign nobody in. Who is told learns the same of every account; the audit learns which one was tried. */
export class SignInRefused extends UserError {
  /** Null where no user has that name: what was typed may be a password. */
  readonly tried: TriedAccount | null;

  constructor(tried: TriedAccount | null) {
    super("sign-in-refused", "The name or the password is wrong, or the user may not sign in.", {
      status: 401,
      remedy: "Type both again. An administrator can set a new password.",
    });
    this.tried = tried;
  }
}
