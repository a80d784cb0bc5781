/** What came of a script, as someone sees it who has redirected what pwsh writes. */
export interface Printed {
  /** Output, and between it what pwsh writes to the same place: Write-Host, warnings, verbose and debug messages. */
  output: string;
  errors: string;
  /** Both in the order in which they came. */
  together: string;
  exitCode: number;
}

/** Where two runs are not alike, for people; null when they are. */
export function difference(expected: Printed, found: Printed): string | null {
  for (const part of ["output", "errors", "together"] as const) {
    if (expected[part] !== found[part]) return `${part}:\n${firstLines(expected[part], found[part])}`;
  }
  return expected.exitCode === found.exitCode ? null : `exit code ${expected.exitCode} in pwsh, ${found.exitCode} here`;
}

/** Errors name the script's file, which lies elsewhere; and pwsh may end them with an empty line. */
export function comparable({ output, errors, together, exitCode }: Printed): Printed {
  return {
    output: ofAnyFolder(output),
    errors: ofAnyFolder(errors).replace(/\n+$/, "\n"),
    together: ofAnyFolder(together).replace(/\n+$/, "\n"),
    exitCode,
  };
}

function ofAnyFolder(text: string): string {
  return text.replaceAll(/\/[^\s:'"]*\/Sample\.ps1/g, "Sample.ps1");
}

function firstLines(expected: string, found: string): string {
  const [expectedLines, foundLines] = [expected.split("\n"), found.split("\n")];
  let first = 0;
  while (expectedLines[first] === foundLines[first]) first += 1;
  const from = Math.max(0, first - 1);
  const shown = (lines: string[]) => lines.slice(from, first + 5).map((line) => JSON.stringify(line));
  return `from line ${from + 1} on\n    pwsh ${shown(expectedLines).join("\n         ")}\n    here ${shown(foundLines).join("\n         ")}`;
}
