import type { Analysis } from "../contract/analysis.ts";
import type { HostKind, RunbookKind } from "../contract/runbook-kind.ts";
import { emptySignature } from "../contract/signature.ts";
import { UserError } from "../contract/user-error.ts";
import type { Store } from "../store/store.ts";
import type { AnalysisProcessOptions } from "./analysis-process.ts";
import { AnalysisProcess } from "./analysis-process.ts";
import { unpublishedCalls } from "./unpublished-calls.ts";

/** What analyses PowerShell: a connected worker that has it. */
export interface PowerShellAnalyser {
  /** Null when nothing can analyse PowerShell now, or what did was lost while it did. */
  analysePowerShell(name: string, source: string): Promise<Analysis | null>;
  /** Calls back whenever something that can analyse PowerShell has come. @returns a function that ends it */
  onPowerShellAvailable(listener: () => void): () => void;
}

/** Analyses scripts of every kind, each by what can. */
export class ScriptAnalyser {
  readonly #typeScript: AnalysisProcess;
  readonly #powerShell: PowerShellAnalyser;

  readonly #store: Pick<Store, "read"> | null;

  /** @param options.store knows the runbooks that scripts call; without it nothing is said of those */
  constructor(powerShell: PowerShellAnalyser, options: AnalysisProcessOptions & { store?: Pick<Store, "read"> } = {}) {
    this.#typeScript = new AnalysisProcess(options);
    this.#powerShell = powerShell;
    this.#store = options.store ?? null;
  }

  /** Null when nothing can analyse this kind now, or the service stops. `text` comes without byte order mark. */
  async analyse(kind: RunbookKind, name: string, text: string): Promise<Analysis | null> {
    const analysis = await this.#analyse(kind, name, text);
    if (analysis === null || this.#store === null) {
      return analysis;
    }
    const problems = await unpublishedCalls(this.#store, kind, text, analysis);
    return problems.length === 0 ? analysis : { ...analysis, problems: [...analysis.problems, ...problems] };
  }

  async #analyse(kind: RunbookKind, name: string, text: string): Promise<Analysis | null> {
    if (kind === "TypeScript") {
      return this.#typeScript.analyse(name, text);
    }
    const analysis = await this.#analysePowerShell(name, text);
    // A host runs PowerShell as it was written; what cannot be parsed cannot be run.
    return analysis === null ? null : { ...analysis, executable: hasErrors(analysis) ? null : text };
  }

  /** Calls back whenever scripts for a kind of host, which had to wait, can be analysed. @returns a function that ends it */
  onAvailable(listener: (kind: HostKind) => void): () => void {
    return this.#powerShell.onPowerShellAvailable(() => listener("pwsh"));
  }

  close(): void {
    this.#typeScript.close();
  }

  async #analysePowerShell(name: string, text: string): Promise<Analysis | null> {
    try {
      return await this.#powerShell.analysePowerShell(name, text);
    } catch (error) {
      if (error instanceof UserError) {
        return {
          signature: emptySignature,
          needs: [],
          problems: [{ line: 1, column: 1, severity: "error", code: error.code, message: sentence(error) }],
          synopsis: "",
          executable: null,
        };
      }
      throw error;
    }
  }
}

function sentence({ message, remedy }: UserError): string {
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

function hasErrors(analysis: Analysis): boolean {
  return analysis.problems.some((problem) => problem.severity === "error");
}
