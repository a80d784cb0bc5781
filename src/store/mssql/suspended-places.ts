import { releasedAtOnce } from "./jobs-effects.ts";
import type { MssqlSession, StatementResult } from "./session.ts";
import { idBytes, int } from "./sql-values.ts";

/** Gives up the place that one suspended job of a runbook held under its concurrency limit, and lets the next job in. */
export async function giveUpSuspendedPlace(session: MssqlSession, runbookId: Uint8Array): Promise<StatementResult> {
  return await session.query(
    `DECLARE @places runsmith.Places;
     INSERT INTO @places (runbook_id, places) VALUES (@runbook_id, 1);
     EXECUTE runsmith.GiveUpPlaces @places, @release_limit;`,
    { runbook_id: idBytes(runbookId), release_limit: int(releasedAtOnce) },
  );
}
