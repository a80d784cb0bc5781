import { randomUUID } from "node:crypto";
import type { Analysis } from "../contract/analysis.ts";
import { analysisTimeLimit } from "../contract/analysis.ts";
import type { AnalysisFrame } from "../contract/link/control-frames.ts";
import { UserError } from "../contract/user-error.ts";
import type { ControlLink } from "./control-link.ts";
import { offers } from "./worker-registry.ts";

interface Request {
  link: ControlLink;
  settle: (outcome: Analysis | null | UserError) => void;
}

/** Beyond the worker's own limit, in milliseconds, for starting a host and for the way. */
const patience = 20_000;

/** Asks workers what a PowerShell script declares. */
export class AnalysisRequests {
  readonly #requests = new Map<string, Request>();
  readonly #listeners = new Set<() => void>();

  /**
   * Null when none of these workers has PowerShell, or the one that was asked has gone.
   * @throws UserError `analysis-failed` (422) with the worker's own words, or because it took too long
   */
  analyse(workers: ControlLink[], name: string, script: string): Promise<Analysis | null> {
    const able = workers.filter((worker) => worker.isOpen && !worker.draining && offers(worker, "pwsh"));
    const link = able.reduce<ControlLink | undefined>(
      (best, worker) => (best === undefined || this.#pending(worker) < this.#pending(best) ? worker : best),
      undefined,
    );
    if (link === undefined) {
      return Promise.resolve(null);
    }
    const requestId = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(failed(name, `no answer within ${(analysisTimeLimit + patience) / 1000} s`)),
        analysisTimeLimit + patience,
      );
      const settle = (outcome: Analysis | null | UserError) => {
        clearTimeout(timer);
        this.#requests.delete(requestId);
        if (outcome instanceof UserError) {
          reject(outcome);
        } else {
          resolve(outcome);
        }
      };
      this.#requests.set(requestId, { link, settle });
      link.send({ type: "analyse", requestId, name, script });
    });
  }

  answered(link: ControlLink, frame: AnalysisFrame): void {
    const request = this.#requests.get(frame.requestId);
    if (request?.link === link) {
      request.settle(frame.analysis ?? failed("the script", frame.error ?? "the worker gave no reason"));
    }
  }

  /** What a worker was asked for and has not answered is nobody's now. */
  closed(link: ControlLink): void {
    for (const request of [...this.#requests.values()]) {
      if (request.link === link) {
        request.settle(null);
      }
    }
  }

  connected(link: ControlLink): void {
    if (offers(link, "pwsh")) {
      for (const listener of this.#listeners) {
        listener();
      }
    }
  }

  onAvailable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #pending(link: ControlLink): number {
    return [...this.#requests.values()].filter((request) => request.link === link).length;
  }
}

function failed(name: string, why: string): UserError {
  return new UserError("analysis-failed", `A worker could not analyse ${name}: ${why}`, {
    status: 422,
    remedy: "Look at the script, and at the worker's log; then save the draft again.",
  });
}
