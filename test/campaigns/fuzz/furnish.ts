import { ScriptedWorker } from "../../../src/web/testing/scripted-worker.ts";
import type { TestServer } from "../../../src/web/testing/test-server.ts";
import type { KnownThings } from "./schema-values.ts";

/** One of each kind of thing, so that requests meet something. */
export async function furnish(server: TestServer): Promise<void> {
  const worker = await ScriptedWorker.connect(server);
  await server.import("restart", "param()", { publish: true });
  await server.import("draft", "param()");
  await worker.close();
  const things: [string, string, object][] = [
    ["POST", "/api/folders", { name: "ops" }],
    ["POST", "/api/variables", { name: "color", value: "red" }],
    ["POST", "/api/variables", { name: "secret", value: "hidden", encrypted: true }],
    ["POST", "/api/credentials", { name: "login", userName: "ada", password: "secret" }],
    ["POST", "/api/connection-types", { name: "server", fields: [{ name: "Host" }] }],
    ["POST", "/api/connections", { name: "build", connectionType: "server", fields: { Host: "build" } }],
    ["POST", "/api/vaults", { name: "files", provider: "file" }],
    ["POST", "/api/groups", { name: "operators" }],
    ["POST", "/api/users", { name: "ada", password: "a long enough password" }],
    ["POST", "/api/service-principals", { name: "robot" }],
    ["PATCH", "/api/worker-groups/dmz", { description: "outside" }],
    ["POST", "/api/jobs", { runbook: "restart" }],
    [
      "POST",
      "/api/notice-rules",
      { name: "rule", target: { kind: "web-hook", url: "http://127.0.0.1:9/" }, enabled: false },
    ],
  ];
  for (const [method, path, body] of things) {
    await server.call(method, path, { body });
  }
}

/** Names and ids of what lists show. */
export async function knownThings(of: {
  document: { paths: Record<string, object> };
  look(path: string): Promise<unknown>;
}): Promise<KnownThings> {
  const ids = new Set<string>();
  const names = new Set<string>(["restart", "ada", "administrator", "default"]);
  for (const [path, methods] of Object.entries(of.document.paths)) {
    if ("get" in methods && !path.includes("{") && path.startsWith("/api/") && !/events|openapi|audit/.test(path)) {
      const page = (await of.look(`${path}`)) as { items?: Record<string, unknown>[] } | null;
      for (const item of page?.items?.slice(0, 20) ?? []) {
        for (const [member, value] of Object.entries(item)) {
          if (typeof value !== "string" || value.length > 100) continue;
          if (member.endsWith("Id")) ids.add(value);
          else if (member === "name") names.add(value);
        }
      }
    }
  }
  return {
    ids: ids.size === 0 ? ["00000000-0000-7000-8000-000000000000"] : [...ids].slice(0, 60),
    names: [...names].slice(0, 60),
  };
}
