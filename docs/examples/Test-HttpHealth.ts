import { setTimeout as delay } from "node:timers/promises";
import { progress } from "runsmith";

interface Check {
  url: string;
  healthy: boolean;
  status: number | null;
  attempts: number;
  milliseconds: number;
  reason: string | null;
}

/**
 * Checks that web addresses answer as they should, and tries again before it calls one unhealthy.
 *
 * Writes one structured record per address and fails when one stays unhealthy.
 *
 * @needs network
 */
export default async function ({
  urls,
  expectedStatus = 200,
  expectedText,
  tries = 3,
  waitSeconds = 1,
  timeoutSeconds = 5,
}: {
  /** Addresses to ask. */
  urls: string[];
  /** The status a healthy address answers with. */
  expectedStatus?: number;
  /** A text that a healthy answer holds. */
  expectedText?: string;
  /**
   * How often an address is asked before it counts as unhealthy.
   * @minimum 1
   * @maximum 10
   */
  tries?: number;
  /** Seconds between two tries, doubled each time. */
  waitSeconds?: number;
  /** Seconds that an answer may take. */
  timeoutSeconds?: number;
}) {
  const checks: Check[] = [];
  for (const [index, url] of urls.entries()) {
    progress({ activity: "Checking", status: url, percent: (100 * index) / urls.length });
    let check = await ask(url, expectedStatus, expectedText, timeoutSeconds);
    for (let attempt = 2; !check.healthy && attempt <= tries; attempt++) {
      console.warn(`${url}: ${check.reason}; trying again`);
      await delay(waitSeconds * 1000 * 2 ** (attempt - 2));
      check = { ...(await ask(url, expectedStatus, expectedText, timeoutSeconds)), attempts: attempt };
    }
    checks.push(check);
    console.log(check);
  }
  const unhealthy = checks.filter(({ healthy }) => !healthy);
  if (unhealthy.length > 0) throw new Error(unhealthy.map(({ url, reason }) => `${url}: ${reason}`).join("; "));
  return {
    healthy: checks.length,
    slowestMilliseconds: Math.max(0, ...checks.map(({ milliseconds }) => milliseconds)),
  };
}

async function ask(
  url: string,
  expectedStatus: number,
  expectedText: string | undefined,
  timeoutSeconds: number,
): Promise<Check> {
  const start = performance.now();
  const answer = (status: number | null, reason: string | null): Check => ({
    url,
    healthy: reason === null,
    status,
    attempts: 1,
    milliseconds: Math.round(performance.now() - start),
    reason,
  });
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    const text = await response.text();
    if (response.status !== expectedStatus) return answer(response.status, `answered ${response.status}`);
    if (expectedText !== undefined && !text.includes(expectedText))
      return answer(response.status, "the expected text is missing");
    return answer(response.status, null);
  } catch (error) {
    const { message, cause } = error as Error;
    return answer(null, cause instanceof Error ? cause.message : message);
  }
}
