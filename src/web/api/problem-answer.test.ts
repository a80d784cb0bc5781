import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { DeniedAttempts } from "../../access/denied-attempts.ts";
import type { ErrorBody } from "../../contract/error-body.ts";
import { UserError } from "../../contract/user-error.ts";
import { application } from "../application.ts";
import type { Log } from "../logging.ts";
import { silentLog } from "../logging.ts";
import { TransportGuard } from "../transport-guard.ts";
import { RepeatedRequests } from "./idempotency.ts";
import { addressLimits, principalLimits, RequestLimits } from "./request-limits.ts";
import { route } from "./route.ts";

describe("what a handler throws", () => {
  const entries: { message: string; fields: Record<string, unknown> | undefined }[] = [];
  const log: Log = { ...silentLog, error: (message, fields) => entries.push({ message, fields }) };
  const thrower = (name: string, error: unknown) =>
    route({
      method: "GET",
      path: `/api/${name}`,
      name,
      summary: "Throws.",
      access: "anyone",
      responses: {},
      handle() {
        throw error;
      },
    });
  const secretBug = new TypeError("cannot read the innermost workings");
  const store = {
    read: { idempotentAnswer: async () => null },
    write: { keepIdempotentAnswer: async () => undefined },
  };
  const server = createServer(
    application(
      [
        thrower("bug", secretBug),
        thrower("text", "not even an error"),
        thrower("mistake", new UserError("a-mistake", "It is wrong.", { status: 409, remedy: "Mend it." })),
      ],
      {
        authenticator: {
          authenticate: () => null,
          authenticateSession: () => null,
          authenticateBasic() {
            throw new Error("nobody signs in here");
          },
        },
        requestKey: Buffer.alloc(32),
        denied: new DeniedAttempts(() => undefined),
        limits: { principals: new RequestLimits(principalLimits), addresses: new RequestLimits(addressLimits) },
        repeatedRequests: new RepeatedRequests(store),
        guard: new TransportGuard([]),
        log,
      },
    ),
  );
  let url: string;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const get = async (path: string) => {
    const answer = await fetch(url + path);
    return { status: answer.status, body: (await answer.json()) as ErrorBody };
  };

  test("a bug is answered with an id and no stack, and the log has the stack under that id", async () => {
    const { status, body } = await get("/api/bug");
    assert.equal(status, 500);
    assert.equal(body.type, "internal-error");
    assert.doesNotMatch(JSON.stringify(body), /innermost|TypeError|\.ts/);
    const entry = entries.at(-1);
    assert.ok(body.id);
    assert.equal(entry?.fields?.["requestId"], body.id);
    assert.equal(entry?.fields?.["error"], secretBug);
  });

  test("something thrown that is no error is a bug too", async () => {
    assert.equal((await get("/api/text")).status, 500);
  });

  test("a mistake that the user can mend is shown with its remedy, and not logged as an error", async () => {
    const before = entries.length;
    const { status, body } = await get("/api/mistake");
    assert.deepEqual(body, {
      type: "a-mistake",
      title: "Conflict",
      status: 409,
      detail: "It is wrong.",
      remedy: "Mend it.",
    });
    assert.equal(status, 409);
    assert.equal(entries.length, before);
  });
});
