import { rmSync } from "node:fs";
import { root } from "./root.js";

// A checkout runs its sources; a stale dist/ would only confuse.
rmSync(`${root}/dist`, { recursive: true, force: true });
