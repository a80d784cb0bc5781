import { ensureBubblewrap } from "./bubblewrap.js";
import { exclusively } from "./exclusive.js";
import { ensureLink } from "./link.js";
import { ensurePackages } from "./packages.js";

/** Does all that a fresh machine needs which has only Node ≥ 20 and npm. Does nothing, quickly, when all is there. */
export async function setUp() {
  await exclusively(() => {
    ensurePackages();
    ensureBubblewrap();
    ensureLink();
  });
}
