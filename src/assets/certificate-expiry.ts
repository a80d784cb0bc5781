import type { Logger } from "../contract/logger.ts";
import { Duty } from "../jobs/duty.ts";
import type { Leadership } from "../services/duty-leader.ts";
import type { Store } from "../store/store.ts";

/** Days before its end at which a certificate is warned of; 0 is its end. */
const warningDays = [30, 7, 1, 0];

/** Milliseconds between two looks. */
const interval = 600_000;

/** Certificates that are warned of in one transaction. */
const atOnce = 100;

/** Looks for certificates that end soon, so that notices tell of them: each once for each number of days. */
export function certificateExpiry(
  store: Pick<Store, "write">,
  { leadership, logger, warned }: { leadership: Leadership; logger: Logger; warned: () => void },
): Duty {
  const look = async (isStopped: () => boolean) => {
    let count = atOnce;
    while (leadership.leads && !isStopped() && count === atOnce) {
      count = await store.write.warnOfExpiry({ days: warningDays, limit: atOnce });
      if (count > 0) {
        warned();
      }
    }
  };
  return new Duty("looking for certificates that end soon", interval, look, logger);
}
