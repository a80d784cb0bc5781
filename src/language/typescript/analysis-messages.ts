import type { Analysis } from "../../contract/analysis.ts";

/** Service → analysis process. The next one is sent when this one is answered. */
export interface AnalysisRequest {
  name: string;
  source: string;
}

/** Analysis process → service. */
export interface AnalysisReply {
  analysis: Analysis;
}
