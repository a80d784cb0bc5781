import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ts } from "./compiler.ts";

/** A script with everything the checker knows about it. */
export interface ScriptProgram {
  readonly file: ts.SourceFile;
  readonly checker: ts.TypeChecker;
  syntaxErrors(): readonly ts.Diagnostic[];
  /** Errors of types; takes the time that checking takes. */
  typeErrors(): readonly ts.Diagnostic[];
  /** Whether a declaration is one of the runbook API. */
  isRunbookApi(declaration: ts.Declaration): boolean;
}

/** The script has one name for the compiler, whatever the runbook's is, so that it takes over its last program. */
export const scriptPath = "/runbook/script.ts";

const libraries = path.dirname(createRequire(import.meta.url).resolve("typescript-6"));
const root = path.resolve(import.meta.dirname, "../../..");
const apiFolder = path.join(root, "worker/hosts/node/api");
/** In a checkout the API's sources, in an installed package their declarations. */
const apiEntry = [path.join(apiFolder, "index.ts"), path.join(apiFolder, "index.d.ts")].find((file) =>
  existsSync(file),
);
const nodeTypes = packageFolder("@types/node", import.meta.url);
const nodeTypesNeed = nodeTypes && packageFolder("undici-types", path.join(nodeTypes, "package.json"));

/** What the compiler may read: a script that names other files, by `import` or `/// <reference>`, learns nothing of them. */
const readable = [libraries, apiFolder, path.join(root, "src/contract"), nodeTypes, nodeTypesNeed]
  .filter((folder) => folder !== undefined)
  .map((folder) => folder + path.sep);

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: ["lib.esnext.d.ts"],
  types: nodeTypes === undefined ? [] : ["node"],
  ...(nodeTypes === undefined ? {} : { typeRoots: [path.dirname(nodeTypes)] }),
  strict: true,
  // A script is not a library: a helper's untyped parameter and a caught error's members are its author's business.
  noImplicitAny: false,
  useUnknownInCatchVariables: false,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  noErrorTruncation: true,
};

const parsedFiles = new Map<string, ts.SourceFile | undefined>();
let lastProgram: ts.Program | undefined;

/** Makes a program of the script, the language's libraries, Node's types and the runbook API; all but the script is read once. */
export function makeScriptProgram(script: string): ScriptProgram {
  const program = ts.createProgram([scriptPath], options, hostFor(script), lastProgram);
  lastProgram = program;
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(scriptPath);
  if (file === undefined) throw new Error("The compiler lost the script.");
  return {
    file,
    checker,
    syntaxErrors: () => program.getSyntacticDiagnostics(file),
    typeErrors: () => program.getSemanticDiagnostics(file),
    isRunbookApi: (declaration) => declaration.getSourceFile().fileName.startsWith(apiFolder + path.sep),
  };
}

function hostFor(script: string): ts.CompilerHost {
  const isReadable = (file: string) => readable.some((folder) => path.resolve(file).startsWith(folder));
  const read = (file: string) => (isReadable(file) ? ts.sys.readFile(file) : undefined);
  return {
    getSourceFile: (file, parsing) => {
      if (file === scriptPath) return ts.createSourceFile(file, script, parsing, true);
      if (!parsedFiles.has(file)) {
        const text = read(file);
        parsedFiles.set(file, text === undefined ? undefined : parseLibrary(file, text));
      }
      return parsedFiles.get(file);
    },
    fileExists: (file) => file === scriptPath || (isReadable(file) && ts.sys.fileExists(file)),
    readFile: read,
    directoryExists: (folder) =>
      readable.some((each) => each.startsWith(path.resolve(folder) + path.sep)) || isReadable(folder),
    getDirectories: () => [],
    resolveModuleNameLiterals: (literals, containingFile) =>
      literals.map(({ text }) => ({ resolvedModule: resolveModule(text, containingFile) })),
    getDefaultLibFileName: () => path.join(libraries, "lib.esnext.d.ts"),
    getDefaultLibLocation: () => libraries,
    getCurrentDirectory: () => "/runbook",
    getCanonicalFileName: (file) => file,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    writeFile: () => undefined,
  };

  function resolveModule(name: string, containingFile: string): ts.ResolvedModuleFull | undefined {
    if (containingFile !== scriptPath) {
      return ts.resolveModuleName(name, containingFile, options, {
        fileExists: (file) => isReadable(file) && ts.sys.fileExists(file),
        readFile: read,
      }).resolvedModule;
    }
    if (name !== "runsmith" || apiEntry === undefined) return undefined;
    const extension = apiEntry.endsWith(".d.ts") ? ts.Extension.Dts : ts.Extension.Ts;
    return { resolvedFileName: apiEntry, extension };
  }
}

/** Without its doc comments, which are a third of the work and nothing to the checker. */
function parseLibrary(file: string, text: string): ts.SourceFile {
  const parsing = { languageVersion: ts.ScriptTarget.ESNext, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
  return ts.createSourceFile(file, text, parsing);
}

function packageFolder(name: string, from: string): string | undefined {
  try {
    return path.dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
