import { ts } from "./compiler.ts";
import type { Problems } from "./problems.ts";
import { messageOf, spanOf } from "./problems.ts";
import type { ScriptProgram } from "./script-program.ts";

/** TypeScript's numbers for what would fail when the script is loaded, whatever its types are. */
const missingExport = [2305, 2614, 2724];
const typeImportedAsValue = [1484, 1485];
const typeExportedAsValue = [1205, 1448];
/** Told by `erasable-problems.ts` and `import-problems.ts` in their own words. */
const toldElsewhere = [1294, 2307, 1202, 1203];

/** Checking every line of a script that is longer (in UTF-16 units) would take longer than an analysis may. */
const checkedLength = 1024 * 1024;

/** Adds what the type checker finds: as warnings, unless it keeps the script from being loaded. */
export function findTypeProblems(program: ScriptProgram, problems: Problems): void {
  if (program.file.text.length > checkedLength) {
    const message = `The script is longer than ${checkedLength / 1024 / 1024} MiB, so its types were not checked line by line.`;
    problems.warning("types-not-checked", { start: 0, length: 0 }, message);
    return;
  }
  for (const diagnostic of program.typeErrors()) {
    const { code } = diagnostic;
    const span = spanOf(diagnostic);
    const message = messageOf(diagnostic);
    const name = program.file.text.slice(span.start, span.start + span.length);
    if (toldElsewhere.includes(code) && problems.hasErrorAt(span)) continue;
    if (typeImportedAsValue.includes(code)) {
      problems.error(
        "type-imported-without-type",
        span,
        `"${name}" is a type, and types are stripped. Write "import { type ${name} } from …".`,
      );
    } else if (typeExportedAsValue.includes(code)) {
      problems.error(
        "type-exported-without-type",
        span,
        `"${name}" is a type, and types are stripped. Write "export { type ${name} }" or "export type { ${name} }".`,
      );
    } else if (missingExport.includes(code) && isImportedFromRunsmith(program.file, span.start)) {
      problems.error(
        "unknown-export",
        span,
        `${message} Look at the runbook authors' reference for what "runsmith" offers.`,
      );
    } else if (diagnostic.category === ts.DiagnosticCategory.Error) {
      problems.warning(`typescript-${code}`, span, message);
    }
  }
}

function isImportedFromRunsmith(file: ts.SourceFile, position: number): boolean {
  return file.statements.some(
    (statement) =>
      (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
      statement.pos <= position &&
      position < statement.end &&
      statement.moduleSpecifier !== undefined &&
      ts.isStringLiteral(statement.moduleSpecifier) &&
      statement.moduleSpecifier.text === "runsmith",
  );
}
