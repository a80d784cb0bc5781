/*
 * The program of the analysis process of `runsmith run`: analyses one script and ends. In a process of its own, so that
 * the compiler's time and memory are bounded.
 */
import { analyseTypeScript } from "../../src/language/typescript/analyse-typescript.ts";

process.on("disconnect", () => process.exit());
process.on("message", ({ name, source }: { name: string; source: string }) => {
  void Promise.resolve(analyseTypeScript(name, source)).then((analysis) => process.send?.(analysis));
});
