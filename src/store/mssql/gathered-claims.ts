import type { JobWrites } from "../operations/jobs.ts";
import type { JobClaims } from "./jobs-claim.ts";

type ClaimRequest = Parameters<JobWrites["claimJobs"]>[0];
type Claim = ReturnType<JobWrites["claimJobs"]>;

/** Slots that are filled together at most. */
const mostSlots = 512;

interface Waiting {
  request: ClaimRequest;
  slots: number;
  answer: PromiseWithResolvers<Claim>;
}

/**
 * Claims of one service, one after the other: what is asked for while one is under way is the next one, together. So those of
 * one queue do not meet there, and the busier the service the fewer round trips a job costs. There is no timer.
 */
export class GatheredClaims {
  readonly #claims: JobClaims;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(claims: JobClaims) {
    this.#claims = claims;
  }

  /** See `JobWrites.claimJobs`. */
  claim(request: ClaimRequest): Promise<Claim> {
    const slots = request.offers.reduce((sum, offer) => sum + offer.slots, 0);
    const answer = Promise.withResolvers<Claim>();
    this.#waiting.push({ request, slots, answer });
    if (!this.#isRunning) {
      this.#isRunning = true;
      // With what is asked for in the same turn.
      queueMicrotask(() => void this.#run());
    }
    return answer.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const together = this.#takeNext();
      try {
        const claims = await this.#claims.claim(together.map(({ request }) => request));
        for (const [index, { answer }] of together.entries()) {
          const claim = claims[index];
          if (claim !== undefined) {
            answer.resolve(claim);
          }
        }
      } catch (error) {
        for (const { answer } of together) {
          answer.reject(error);
        }
      }
    }
    this.#isRunning = false;
  }

  /** One that may not have all the slots that it offers is claimed alone. */
  #takeNext(): Waiting[] {
    const isAlone = ({ request, slots }: Waiting) => request.limit < slots;
    let count = 1;
    let slots = this.#waiting[0]?.slots ?? 0;
    for (const waiting of this.#waiting.slice(1)) {
      slots += waiting.slots;
      if (isAlone(waiting) || slots > mostSlots) {
        break;
      }
      count += 1;
    }
    const [first] = this.#waiting;
    return this.#waiting.splice(0, first !== undefined && isAlone(first) ? 1 : count);
  }
}
