/*
 * The program of the analysis process of `runsmith run`: analyses one script and ends. In a process of its own, so that
 * the compiler's time and memory are bounded.
 */
import { flushCompileCache } from "node:module";
import { analyseTypeScript } from "../../src/language/typescript/analyse-typescript.ts";

// The process is killed when it has answered, and would not write it then.
flushCompileCache();
process.on("disconnect", () => process.exit());
process.on("message", ({ name, source }: { name: string; source: string }) => {
  void Promise.resolve(analyseTypeScript(name, source)).then((analysis) => process.send?.(analysis));
});
