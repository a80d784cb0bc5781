import assert from "node:assert/strict";
import { it } from "node:test";
import type { Analysis } from "../../contract/analysis.ts";
import { emptySignature } from "../../contract/signature.ts";
import { checkStatedNeeds } from "./check-stated-needs.ts";

it("the words of #Needs lines become grants in their written form, each once", () => {
  const script = '#Needs network path:/var/log:rw\n#needs path:/var/log, "path:/a b"\n"x"\n';
  const found = checkStatedNeeds(script, analysisWith(["network", "path:/var/log:rw", "path:/var/log", '"path:/a b"']));
  assert.deepEqual(found.needs, ["network", "path:/var/log:rw", '"path:/a b"']);
  assert.deepEqual(found.problems, []);
  assert.equal(found.executable, "the script");
});

it("a word that is no grant is a problem at its place, and the script cannot run", () => {
  const found = checkStatedNeeds("# first\n#Needs netwerk\n", analysisWith(["netwerk"]));
  assert.deepEqual(
    found.problems.map(({ line, column, severity, code }) => ({ line, column, severity, code })),
    [{ line: 2, column: 8, severity: "error", code: "invalid-needs" }],
  );
  assert.equal(found.executable, null);
});

it("a text that only looks like a #Needs line states nothing", () => {
  const script = '$text = @"\n#Needs processes\n"@\n#Needs network\n';
  assert.deepEqual(checkStatedNeeds(script, analysisWith(["network"])).needs, ["network"]);
});

function analysisWith(needs: string[]): Analysis {
  return { signature: emptySignature, needs, problems: [], synopsis: "", executable: "the script" };
}
