import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { maskTokens } from "./token-mask.ts";

const token = `rs_${randomBytes(32).toString("base64url")}`;

test("tokens are masked in a log, wherever they stand", () => {
  const cause = new Error(`inner ${token}`);
  const masked = JSON.stringify(
    maskTokens({
      message: `with ${token} in it`,
      headers: { Authorization: "Bearer something else", cookie: "x" },
      list: [`Bearer ${token}`],
      error: new Error(`outer ${token}`, { cause }),
    }),
  );
  assert.equal(masked.includes(token), false);
  assert.equal(masked.includes("something else"), false);
  assert.match(masked, /with rs_\*\*\* in it/);
});

test("what refers to itself does not hang the log", () => {
  const loop: Record<string, unknown> = { name: "loop" };
  loop["self"] = loop;
  assert.match(JSON.stringify(maskTokens(loop)), /…/);
});

test("a log goes to standard error, as JSON or text, with its fields, masked, from its level on", async () => {
  for (const format of ["json", "text"]) {
    const { out, err } = await written(format);
    const lines = err.trim().split("\n");
    assert.equal(out, "");
    assert.equal(lines.length, 2);
    assert.equal(err.includes(token), false);
    if (format === "json") {
      const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(first?.["level"], "info");
      assert.equal(first?.["message"], "rs_*** came");
      assert.equal(first?.["requestId"], "r-1");
      assert.equal(first?.["jobId"], "j-1");
      assert.equal((second?.["error"] as { message?: unknown } | undefined)?.message, "it broke");
    } else {
      assert.match(lines[0] ?? "", /^\S+Z info {2}rs_\*\*\* came requestId=r-1 jobId=j-1$/);
    }
  }
});

function written(format: string): Promise<{ out: string; err: string }> {
  const program = `
    import { createLog } from ${JSON.stringify(import.meta.resolve("./logging.ts"))};
    const log = createLog({ format: "${format}", level: "info" }).child({ requestId: "r-1" });
    log.debug("not this");
    log.info(process.env.TOKEN + " came", { jobId: "j-1" });
    log.error("failed", { error: new Error("it broke") });
  `;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    env: { ...process.env, TOKEN: token },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.on("close", () => resolve({ out, err })));
}
