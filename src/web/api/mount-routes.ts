import { createHmac } from "node:crypto";
import type { Express, Request, Response } from "express";
import { requireNoWorker, requireRole, requireSomewhere } from "../../access/authorize.ts";
import type { DeniedAttempts } from "../../access/denied-attempts.ts";
import type { Principal } from "../../access/principal.ts";
import { anonymous } from "../../access/principal.ts";
import { SignInRefused } from "../../access/sign-in-refused.ts";
import { UserError } from "../../contract/user-error.ts";
import { actAs } from "../../store/actor.ts";
import type { IdempotencyKey } from "../../store/operations/idempotency.ts";
import type { Log } from "../logging.ts";
import type { TransportGuard } from "../transport-guard.ts";
import { actorOfCaller } from "./actor-of-caller.ts";
import type { Authenticator } from "./authentication.ts";
import { callerOf, callerOfSession } from "./authentication.ts";
import { revisionOfIfMatch } from "./entity-tag.ts";
import type { RepeatedRequests } from "./idempotency.ts";
import { idempotencyKeyOf } from "./idempotency.ts";
import { readJsonBody } from "./json-body.ts";
import { problemAnswer } from "./problem-answer.ts";
import { RequestIds } from "./request-ids.ts";
import type { RequestLimits } from "./request-limits.ts";
import type { ApiAnswer, ApiRequest, Route } from "./route.ts";
import { refuseOtherOrigin, requireSameOrigin } from "./same-origin.ts";
import { sendAnswer } from "./send-answer.ts";
import { sessionCookie, sessionSecretOf } from "./session-cookie.ts";
import { bodyCheck, paramsCheck, queryCheck } from "./validation.ts";

/** What mounting needs besides the table. */
export interface MountOptions {
  authenticator: Authenticator;
  repeatedRequests: RepeatedRequests;
  /** What is kept of a repeatable request is hashed with this key, so that no secret in it can be guessed from what is kept. */
  requestKey: Uint8Array;
  log: Log;
  guard: TransportGuard;
  denied: DeniedAttempts;
  /** Of who signed in, by principal, and of others, by address. */
  limits: { principals: RequestLimits; addresses: RequestLimits };
}

const emptyBody = Buffer.alloc(0);

/**
 * Mounts a table of routes. Every request goes the same way, in this order: sign-in, role, path, query and body checked,
 * idempotency, handler, answer. Whatever is thrown on the way becomes a problem.
 */
export function mountRoutes(app: Express, routes: readonly Route[], options: MountOptions): void {
  const requestIds = new RequestIds();
  if (options.guard.guards) {
    app.use((request, response, next) => {
      try {
        options.guard.check(request);
      } catch (error) {
        void sendProblem(request, response, error, requestIds.next(), options);
        return;
      }
      next();
    });
  }
  const methodsOf = new Map<string, Set<string>>();
  for (const route of routes) {
    const path = expressPath(route.path);
    const serve = server(route, options, requestIds);
    switch (route.method) {
      case "GET":
        app.get(path, serve);
        break;
      case "POST":
        app.post(path, serve);
        break;
      case "PUT":
        app.put(path, serve);
        break;
      case "PATCH":
        app.patch(path, serve);
        break;
      case "DELETE":
        app.delete(path, serve);
        break;
    }
    methodsOf.set(path, (methodsOf.get(path) ?? new Set()).add(route.method));
  }
  for (const [path, methods] of methodsOf) {
    app.all(path, refuser(methodNotAllowed([...methods]), options, requestIds, { Allow: [...methods].join(", ") }));
  }
  app.use(refuser(() => notFound(), options, requestIds));
  // Express itself only fails on paths that it cannot decode.
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => {
    const requestId = requestIds.next();
    const isBadPath = error instanceof URIError || (error as { status?: unknown }).status === 400;
    const thrown = isBadPath
      ? new UserError("invalid-request", "The path is not validly percent-encoded.", {
          remedy: "Encode each part of the path as encodeURIComponent does.",
        })
      : error;
    void sendProblem(request, response, thrown, requestId, options);
  });
}

function server(route: Route, options: MountOptions, requestIds: RequestIds) {
  const checkParams = route.params === undefined ? undefined : paramsCheck(route.params);
  const checkQuery = route.openQuery === true ? undefined : queryCheck(route.query ?? {});
  const checkBody = route.body === undefined ? undefined : bodyCheck(route.body.schema);
  const { log } = options;

  const answerTo = async (
    request: Request,
    response: Response,
    requestId: string,
    caller: Principal,
  ): Promise<ApiAnswer> => {
    const params = request.params as Record<string, string>;
    checkParams?.(params);
    const query = queryOf(request.url);
    checkQuery?.(query);
    let body: unknown;
    let bytes: Buffer = emptyBody;
    if (route.body !== undefined && checkBody !== undefined) {
      const read = await readJsonBody(request, route.body.limit, route.body.limitReason);
      bytes = read.bytes;
      body = read.value === undefined && route.body.optional === true ? {} : read.value;
      if (body === undefined) {
        throw new UserError("invalid-json", "The request has no body.", { remedy: "Send a JSON object." });
      }
      checkBody(body);
    }
    const apiRequest: ApiRequest = {
      params,
      query,
      body,
      caller,
      requestId,
      ifMatch: route.ifMatch === true ? revisionOfIfMatch(request.headers["if-match"]) : undefined,
      idempotency: idempotencyOf(route, request, caller, bytes, options.requestKey),
      log,
      get signal() {
        return goneSignal(response);
      },
      incoming: request,
      from: {
        address: () => options.guard.clientAddress(request),
        host: () => options.guard.host(request),
        secure: () => options.guard.isSecure(request),
      },
    };
    if (apiRequest.idempotency !== undefined && route.idempotency !== "own") {
      return options.repeatedRequests.answer(route, apiRequest, apiRequest.idempotency);
    }
    return route.handle(apiRequest);
  };

  const level = route.logLevel ?? (route.method === "GET" ? "debug" : "info");
  const isLogged = log.isEnabled(level);
  return async (request: Request, response: Response): Promise<void> => {
    const requestId = requestIds.next();
    const startedAt = isLogged ? performance.now() : 0;
    let caller = anonymous;
    let end: (() => void) | undefined;
    try {
      caller = route.access === "anyone" ? anonymous : await signedIn(request, response, options);
      end =
        caller === anonymous
          ? options.limits.addresses.begin(options.guard.clientAddress(request))
          : options.limits.principals.begin(caller.principalId);
      admit(route, caller);
      const answer = await (route.method === "GET"
        ? answerTo(request, response, requestId, caller)
        : actAs(actorOfCaller(caller, { address: options.guard.clientAddress(request), requestId }), () =>
            answerTo(request, response, requestId, caller),
          ));
      if ("write" in answer) {
        // It may be written for hours.
        end();
      }
      await sendAnswer(request, response, answer, { requestId, secure: options.guard.isSecure(request) });
    } catch (error) {
      if (error instanceof UserError && error.code === "sign-in-refused") {
        const tried = error instanceof SignInRefused ? error.tried : null;
        options.denied.signInRefused(options.guard.clientAddress(request), tried);
      } else if (caller !== anonymous && error instanceof UserError && error.status === 403) {
        options.denied.notPermitted(options.guard.clientAddress(request), caller);
      }
      await sendProblem(request, response, error, requestId, options);
    }
    end?.();
    if (isLogged) {
      log[level](route.name, {
        requestId,
        method: request.method,
        path: request.path,
        status: response.statusCode,
        by: caller.name,
        from: options.guard.clientAddress(request),
        milliseconds: Math.round((performance.now() - startedAt) * 100) / 100,
      });
    }
  };
}

function admit({ access, beforePasswordChange }: Route, caller: Principal): void {
  switch (access) {
    case "anyone":
      return;
    case "signed-in":
      requireNoWorker(caller);
      break;
    case "administrator":
    case "worker":
      requireRole(caller, access);
      break;
    default:
      requireSomewhere(caller, access);
  }
  if (caller.mustChangePassword === true && beforePasswordChange !== true) {
    throw passwordToChange(caller.name);
  }
}

function passwordToChange(name: string): UserError {
  return new UserError("password-to-change", `${name} has to change the password before anything else.`, {
    status: 403,
    remedy: "Change it: POST /api/me/password, or sign in with the portal.",
  });
}

/** By the `Authorization` header; without one by the cookie of a session, which browsers send by themselves. */
function signedIn(
  request: Request,
  response: Response,
  { authenticator, guard, denied }: MountOptions,
): Principal | Promise<Principal> {
  if (request.headers.authorization === undefined && request.headers.cookie !== undefined) {
    const secure = guard.isSecure(request);
    const secret = sessionSecretOf(request.headers.cookie, secure);
    if (secret !== undefined) {
      requireSameOrigin(request, { host: guard.host(request), secure });
      const replaced = (next: string) => response.appendHeader("Set-Cookie", sessionCookie(next, secure));
      return callerOfSession(secret, authenticator, replaced, () => guard.clientAddress(request));
    }
  }
  if (/^basic /i.test(request.headers.authorization ?? "")) {
    // Browsers remember a name and a password, too, and send them by themselves.
    refuseOtherOrigin(request, { host: guard.host(request), secure: guard.isSecure(request) });
  }
  const origin = { address: () => guard.clientAddress(request), denied };
  return callerOf(request.headers.authorization, authenticator, origin);
}

/** Answers where no route is. Under `/api` a token is asked for first, so that nothing is told to strangers. */
function refuser(
  error: (request: Request) => UserError,
  options: MountOptions,
  requestIds: RequestIds,
  headers: Record<string, string> = {},
) {
  return async (request: Request, response: Response): Promise<void> => {
    const requestId = requestIds.next();
    try {
      if (request.path.startsWith("/api")) {
        await signedIn(request, response, options);
      }
      throw error(request);
    } catch (thrown) {
      await sendProblem(request, response, thrown, requestId, options, headers);
    }
  };
}

async function sendProblem(
  request: Request,
  response: Response,
  error: unknown,
  requestId: string,
  options: MountOptions,
  headers: Record<string, string> = {},
): Promise<void> {
  const problem = problemAnswer(error, requestId, options.log);
  if (response.headersSent) {
    // Too late for an answer of its own: break the connection, so that nobody takes a part for the whole.
    response.destroy();
    return;
  }
  const head = { requestId, secure: options.guard.isSecure(request) };
  if (problem.status === 401 && request.headers["sec-fetch-site"] === undefined) {
    // Not to browsers, which would ask for a password by themselves.
    problem.headers["WWW-Authenticate"] += ', Basic realm="runsmith", charset="UTF-8"';
  }
  const answer: ApiAnswer = {
    status: problem.status,
    body: problem.body,
    headers: { ...problem.headers, ...headers, "Content-Type": problem.mediaType },
  };
  await sendAnswer(request, response, answer, head);
}

/** Query parameters as texts. @throws UserError `invalid-request` when one is given twice */
function queryOf(url: string): Record<string, unknown> {
  const start = url.indexOf("?");
  if (start === -1) {
    return {};
  }
  const query: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (name in query) {
      throw new UserError("invalid-request", `The query parameter ${name} is given more than once.`, {
        remedy: "Give each query parameter once.",
        errors: [{ pointer: `/query/${name}`, message: "is given more than once" }],
      });
    }
    query[name] = value;
  }
  return query;
}

/** The hash tells whether a key that comes again comes with the same request. */
function idempotencyOf(
  route: Route,
  request: Request,
  caller: Principal,
  body: Buffer,
  requestKey: Uint8Array,
): IdempotencyKey | undefined {
  const key = route.method === "POST" ? idempotencyKeyOf(request.headers["idempotency-key"]) : undefined;
  if (key === undefined) {
    return undefined;
  }
  const told = route.body?.secret === true ? emptyBody : body;
  const requestHash = createHmac("sha256", requestKey)
    .update(`${request.method} ${request.url}\n`)
    .update(told)
    .digest();
  return { principalId: caller.principalId, key, requestHash };
}

function goneSignal(response: Response): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) {
    controller.abort();
  } else {
    response.once("close", () => controller.abort());
  }
  return controller.signal;
}

/** `{name}` as OpenAPI writes it, `:name` as Express does. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

function notFound(): UserError {
  return new UserError("route-not-found", "There is nothing at this address.", {
    status: 404,
    remedy: "Read /api/openapi.json for all routes.",
  });
}

function methodNotAllowed(methods: readonly string[]) {
  return (request: Request) =>
    new UserError("method-not-allowed", `${request.method} is not possible here, only ${methods.join(", ")}.`, {
      status: 405,
      remedy: "Read /api/openapi.json for all routes.",
    });
}
