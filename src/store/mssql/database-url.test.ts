import assert from "node:assert/strict";
import test from "node:test";
import { readDatabaseUrl } from "./database-url.ts";

test("a URL tells the server, the login and the database, percent-encoded where it must be", () => {
  const { config, shown, password } = readDatabaseUrl(
    "mssql://run%40smith:p%2Fw%3A%25@sql.example.net:14330/my%20base\n",
  );
  assert.partialDeepStrictEqual(config, {
    server: "sql.example.net",
    port: 14330,
    user: "run@smith",
    password: "p/w:%",
    database: "my base",
    options: { encrypt: true, trustServerCertificate: false, multiSubnetFailover: false },
  });
  assert.equal(password, "p/w:%");
  assert.equal(shown, "sql.example.net:14330/my base");
});

test("connections are encrypted and certificates are checked, unless the URL says otherwise", () => {
  const optionsOf = (query: string, host = "h") => readDatabaseUrl(`mssql://u:p@${host}/d?${query}`).config.options;
  assert.partialDeepStrictEqual(optionsOf(""), { encrypt: true, trustServerCertificate: false });
  assert.partialDeepStrictEqual(optionsOf("encrypt=false"), { encrypt: false });
  assert.partialDeepStrictEqual(optionsOf("encrypt=strict"), { encrypt: "strict" });
  assert.partialDeepStrictEqual(optionsOf("trustServerCertificate=true"), {
    encrypt: true,
    trustServerCertificate: true,
  });
  assert.partialDeepStrictEqual(optionsOf("serverName=sql.example.net", "[::1]"), { serverName: "sql.example.net" });
  assert.equal(readDatabaseUrl("mssql://u:p@[::1]/d?encrypt=false").config.server, "::1");
});

test("a URL that cannot be used is refused with the reason, and never quoted", () => {
  const secret = "s3cret";
  for (const [url, reason] of [
    [`mssql://u:${secret}@h`, /lacks the database/],
    [`mssql://:${secret}@h/d`, /lacks the user/],
    ["mssql://u@h/d", /lacks the password/],
    [`mssql://u:${secret}%@h/d`, /percent/],
    [`mssql://u:${secret}#@h/d`, /./],
    [`postgres://u:${secret}@h/d`, /mssql:/],
    [`u:${secret}@h/d`, /./],
    [`mssql://u:${secret}@h/d?encrypt=perhaps`, /encrypt is true or false/],
    [`mssql://u:${secret}@h/d?poolSize=1`, /poolSize/],
    [`mssql://u:${secret}@h/d?database=x`, /no option database/],
    [`mssql://u:${secret}@127.0.0.1/d`, /serverName/],
  ] as const) {
    assert.throws(
      () => readDatabaseUrl(url),
      (error: Error & { code?: string; remedy?: string }) => {
        assert.equal(error.code, "invalid-database-url", url);
        assert.match(error.message, reason);
        assert.equal(`${error.message} ${error.remedy}`.includes(secret), false, url);
        return true;
      },
    );
  }
});
