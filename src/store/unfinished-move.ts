import { UserError } from "../contract/user-error.ts";

/** The table that a database has while an installation is being moved into it. */
export const moveMark = "unfinished_move";

/** Why a service does not open such a database. */
export function unfinishedMove(): UserError {
  return new UserError(
    "move-unfinished",
    "An installation is being moved into this database, and the move has not ended.",
    {
      status: 500,
      remedy: "Let `npx runsmith migrate-database` end, or call it again with the same files: it goes on where it was.",
    },
  );
}
