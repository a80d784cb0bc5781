import { runNamed } from "./run-named.js";

// `npm run bench -- NAME [--json]`
await runNamed("npm run bench", "bench");
