import { runNamed } from "./run-named.js";

// `npm run campaign -- NAME`: the long runs whose seeded samples are part of `npm test`.
await runNamed("npm run campaign", "test/campaigns");
