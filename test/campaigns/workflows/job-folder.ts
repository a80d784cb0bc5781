import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * What a job of a test may write into: a trace of what it does, and the gates that it waits at. The functions that a workflow does it by are
 * put behind its text, so that the lines of the text stay what they are.
 */
export class JobFolder {
  readonly path: string;

  private constructor(folder: string) {
    this.path = folder;
  }

  /** @param gates `open` where the job is to pass all of them */
  static async make(folder: string, gates: "open" | "shut"): Promise<JobFolder> {
    await mkdir(folder);
    // Each attempt may be another account.
    await chmod(folder, 0o777);
    const made = new JobFolder(folder);
    for (const file of ["trace", "reached"]) {
      await writeFile(made.#file(file), "");
      await chmod(made.#file(file), 0o666);
    }
    if (gates === "open") await writeFile(made.#file("open"), "");
    return made;
  }

  functions(): string {
    return `
function Write-Trace([string] $Text) {
    # Another branch may have the file open in this moment.
    while ($true) {
        try { [System.IO.File]::AppendAllText('${this.#file("trace")}', "$Text\`n"); return }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 5 }
    }
}
function Read-Trace { Get-Content -LiteralPath '${this.#file("trace")}' }
function Wait-Gate([string] $Name) {
    Add-Content -LiteralPath '${this.#file("reached")}' -Value $Name
    while ((Test-Path -LiteralPath '${this.#file("open")}', "${this.#file("open")}-$Name") -notcontains $true) {
        Start-Sleep -Milliseconds 50
    }
}
`;
  }

  async trace(): Promise<string[]> {
    return await this.#lines("trace");
  }

  /** The gates in the order in which they were reached; one that was reached again is there again. */
  async reached(): Promise<string[]> {
    return await this.#lines("reached");
  }

  async open(gate: string): Promise<void> {
    await writeFile(`${this.#file("open")}-${gate}`, "");
  }

  async #lines(name: string): Promise<string[]> {
    if (!existsSync(this.#file(name))) return [];
    return (await readFile(this.#file(name), "utf8")).split(/\r?\n/).filter((line) => line !== "");
  }

  #file(name: string): string {
    return path.join(this.path, name);
  }
}
