import type { AssetAnswer, AssetRequest, AssetValue } from "../../src/contract/assets.ts";

/* For tests only: a handful of assets, as a service would give them. */

export const testSecrets = {
  password: "hunter22&<ü>",
  token: "tok/en+tok/en",
  connectionPassword: "c0nnection-pass",
  long: Array.from({ length: 60 }, (_, index) => `part${index}`).join("-"),
};

const values: AssetValue[] = [
  { kind: "variable", type: "string", value: "west", encrypted: false },
  { kind: "credential", userName: "admin", password: testSecrets.password },
];

const byName: Record<string, { value: AssetValue; secrets: string[] }> = {
  "variable region": { value: values[0] as AssetValue, secrets: [] },
  "variable since": {
    value: { kind: "variable", type: "date-time", value: "2026-03-01T12:30:00.000Z", encrypted: false },
    secrets: [],
  },
  "variable settings": {
    value: { kind: "variable", type: "object", value: { retries: 3, hosts: ["a", "b"] }, encrypted: false },
    secrets: [],
  },
  "variable nothing": { value: { kind: "variable", type: "null", value: null, encrypted: false }, secrets: [] },
  "variable token": {
    value: { kind: "variable", type: "string", value: testSecrets.token, encrypted: true },
    secrets: ["/value"],
  },
  "variable long": {
    value: { kind: "variable", type: "string", value: testSecrets.long, encrypted: true },
    secrets: ["/value"],
  },
  "variable pin": { value: { kind: "variable", type: "string", value: "123", encrypted: true }, secrets: ["/value"] },
  "credential ops": { value: values[1] as AssetValue, secrets: ["/password"] },
  "connection database": {
    value: {
      kind: "connection",
      connectionType: "SqlServer",
      fields: { Host: "db.example.org", Port: 1433, Password: testSecrets.connectionPassword },
      secretFields: ["Password"],
    },
    secrets: ["/fields/Password"],
  },
};

/** Answers as a service does that has these assets; an encrypted variable is one whose name is "Token". */
export function testAssets(request: AssetRequest): AssetAnswer {
  const name = request.name.toLowerCase();
  if (request.action === "set-variable") return { encrypted: name === "token" };
  const found = byName[`${request.kind} ${name}`];
  return found ?? { error: { code: "asset-not-found", message: `There is no ${request.kind} "${request.name}".` } };
}
