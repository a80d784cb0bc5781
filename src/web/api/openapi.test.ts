import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { TestServer } from "../testing/test-server.ts";

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
  components: { schemas: Record<string, object> };
}

describe("the OpenAPI document", () => {
  let server: TestServer;
  let document: Document;

  before(async () => {
    server = await TestServer.start();
    document = (await server.call<Document>("GET", "/api/openapi.json")).body;
  });
  after(() => server.close());

  test("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    assert.deepEqual(result.errors ?? [], []);
    assert.equal(result.valid, true);
    assert.match(document.openapi, /^3\.1/);
  });

  test("names every operation once, and describes its errors", () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(names).size, names.length);
    for (const { operationId, responses } of operations) {
      assert.ok("default" in responses, operationId);
    }
  });

  test("lists the routes that are mounted: each of them answers, and none with 404 of the router or 405", async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const place = path.replaceAll(/\{\w+\}/g, "x");
        const answer = await server.call(method.toUpperCase(), place, { token: null });
        // Signing in needs no token, but a body, or a provider that is there.
        const isSignIn = answer.body.type === "invalid-json" || answer.body.type === "sign-in-provider-not-found";
        assert.ok([200, 401].includes(answer.status) || isSignIn, `${method} ${path}: ${answer.status}`);
      }
    }
  });

  test("describes what the routes answer", async () => {
    const made = await server.import("described", "'x'", { tags: ["a"], description: "text" });
    matches("Runbook", made.body);
    matches("Error", (await server.call("GET", "/api/runbooks/nobody")).body);
    matches("Installation", (await server.call("GET", "/api/installation")).body);
    matches("RunbookVersion", (await server.call("GET", "/api/runbooks/described/versions/draft")).body);
    const worker = await server.call<{ workerId: string }>("POST", "/api/workers", { body: { name: "described" } });
    matches("NewWorker", worker.body);
    matches("Worker", (await server.call("GET", `/api/workers/${worker.body.workerId}`)).body);
  });

  function matches(name: string, body: unknown): void {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema({ $id: "document", components: document.components });
    const validate = ajv.compile({ $ref: `document#/components/schemas/${name}` });
    assert.ok(validate(body), `${name}: ${JSON.stringify(validate.errors)}`);
  }
});
