import { root } from "./root.js";
import { runNode } from "./run-node.js";
import { setUp } from "./set-up.js";

// `npm start -- [options]`: the server and one local worker. See `npx runsmith start --help`.
await setUp();
runNode([`${root}/bin/runsmith.js`, "start", ...process.argv.slice(2)]);
