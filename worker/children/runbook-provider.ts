import type { RunbookAnswer, RunbookRequest } from "../../src/contract/child-runbook.ts";
import type { AttemptReference, RunbookRequestFrame } from "../../src/contract/link/control-frames.ts";
import { childrenProtocolVersion } from "../../src/contract/link/control-frames.ts";
import { ServiceRequests } from "../link/service-requests.ts";

/** Where jobs of this worker find other runbooks, and start jobs of them. */
export interface RunbookProvider {
  /** Names by which machines reach the service; those of this machine mean it, too. */
  readonly serviceNames: readonly string[];
  /**
   * @param signal aborted when nobody waits for the answer any more
   * @returns what became of it, an error included; never rejects
   */
  ask(attempt: AttemptReference, request: RunbookRequest, signal: AbortSignal): Promise<RunbookAnswer>;
}

/** Where there is nothing but the script itself. */
export const noRunbooks: RunbookProvider = {
  serviceNames: [],
  ask: async () =>
    unavailable(
      "There are no other runbooks here: only a job of a service can call them. Import the script and those that it calls with `npx runsmith import-runbook PATH --publish`, and start it with `npx runsmith start-runbook NAME`.",
    ),
};

/** After this long without an answer a script is told so, in milliseconds; the service takes less to answer. */
const patience = 120_000;

/**
 * What scripts ask of the service's runbooks and jobs, over the control link.
 *
 * @param send drops a frame while there is no link
 * @param servers addresses of the service
 */
export function runbookRequests(
  send: (frame: RunbookRequestFrame) => void,
  servers: readonly string[],
): ServiceRequests<RunbookRequest, RunbookAnswer> & RunbookProvider {
  const requests = new ServiceRequests<RunbookRequest, RunbookAnswer>({
    send: (requestId, attempt, request) => send({ type: "runbook-request", requestId, ...attempt, request }),
    protocol: childrenProtocolVersion,
    patience,
    nobodyWaits: unavailable("The job is over."),
    notAnswered: unavailable("The service did not answer. Its log may say why; try again."),
    serviceTooOld: unavailable("The service is of a version whose runbooks cannot call others: upgrade it."),
  });
  return Object.assign(requests, { serviceNames: servers.map((server) => new URL(server).hostname.toLowerCase()) });
}

function unavailable(message: string): RunbookAnswer {
  return { error: { code: "runbooks-unavailable", message } };
}
