import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import module from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { findFiles } from "./find-files.js";
import { packagedNode, root, say } from "./root.js";
import { setUp } from "./set-up.js";

/*
 * `npm pack` calls this: Node strips no types below node_modules, so the package holds JavaScript, in `dist/`, with the
 * folders and names of the sources, and the declarations of the runbook API. `postpack.js` takes it away again.
 */

const folders = ["bin", "cli", "src", "worker"];
const runbookApi = "worker/hosts/node/api/index.ts";

if (module.stripTypeScriptTypes === undefined) {
  await setUp();
  const again = spawnSync(packagedNode, [fileURLToPath(import.meta.url)], { cwd: root, stdio: "inherit" });
  process.exit(again.status ?? 1);
}

rmSync(`${root}/dist`, { recursive: true, force: true });
let count = 0;
for (const path of findFiles(folders, "")) {
  if (isForTestsOnly(path) || path === "bin/runsmith.js") continue;
  if (path.endsWith(".ts")) write(path.replace(/\.ts$/, ".js"), strip(path));
  else copy(path);
  count++;
}
declareRunbookApi();
say(`dist/ holds ${count} files, stripped of their types, and the declarations of the runbook API`);

function isForTestsOnly(path) {
  return /\.test\.\w+$|\/testing\/|\/fixtures\//.test(path);
}

/** JavaScript as Node would have run it: types blanked out, positions kept, imports naming the stripped files. */
function strip(path) {
  const source = readFileSync(`${root}/${path}`, "utf8");
  return withJavaScriptImports(module.stripTypeScriptTypes(source, { mode: "strip" }));
}

function withJavaScriptImports(text) {
  return text.replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*|\bimport\.meta\.resolve\(\s*)(["'])(\.{1,2}\/[^"'\n]*)\.ts\2/g,
    "$1$2$3.js$2",
  );
}

/** Only what `import … from "runsmith"` gives, and what that names. */
function declareRunbookApi() {
  if (!existsSync(`${root}/${runbookApi}`)) throw new Error(`The runbook API is not at ${runbookApi}.`);
  const compiler = spawnSync(
    packagedNode,
    [
      `${root}/node_modules/typescript/bin/tsc`,
      ...["--ignoreConfig", "--declaration", "--emitDeclarationOnly", "--outDir", "dist", "--rootDir", "."],
      ...["--module", "nodenext", "--moduleResolution", "nodenext", "--target", "es2024", "--lib", "es2025,esnext"],
      ...[
        "--strict",
        "--exactOptionalPropertyTypes",
        "--allowImportingTsExtensions",
        "--skipLibCheck",
        "--types",
        "node",
      ],
      runbookApi,
    ],
    { cwd: root, encoding: "utf8" },
  );
  if (compiler.status !== 0)
    throw new Error(`The runbook API has no declarations:\n${compiler.stdout}${compiler.stderr}`);
  for (const path of findFiles(["dist"], ".d.ts")) {
    writeFileSync(`${root}/${path}`, withJavaScriptImports(readFileSync(`${root}/${path}`, "utf8")));
  }
}

function write(path, text) {
  mkdirSync(dirname(`${root}/dist/${path}`), { recursive: true });
  writeFileSync(`${root}/dist/${path}`, text);
}

function copy(path) {
  mkdirSync(dirname(`${root}/dist/${path}`), { recursive: true });
  cpSync(`${root}/${path}`, `${root}/dist/${path}`);
}
