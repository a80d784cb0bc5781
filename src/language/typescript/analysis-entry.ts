/*
 * The program of the analysis process: loads the TypeScript compiler, answers one request after the other,
 * and ends with the service.
 */
import { flushCompileCache } from "node:module";
import { analyseTypeScript } from "./analyse-typescript.ts";
import type { AnalysisReply, AnalysisRequest } from "./analysis-messages.ts";

// An idle process is killed, and would not write it then.
flushCompileCache();
process.on("disconnect", () => process.exit());
process.on("message", (request: AnalysisRequest) => {
  void answer(request);
});

async function answer({ name, source }: AnalysisRequest): Promise<void> {
  const reply: AnalysisReply = { analysis: await analyseTypeScript(name, source) };
  process.send?.(reply);
}
