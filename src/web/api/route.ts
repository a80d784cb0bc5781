import type { IncomingMessage, ServerResponse } from "node:http";
import type { Permission } from "../../access/permission.ts";
import type { Principal } from "../../access/principal.ts";
import type { LogLevel } from "../../contract/logger.ts";
import type { IdempotencyKey } from "../../store/operations/idempotency.ts";
import type { Log } from "../logging.ts";

/**
 * Who may call a route. `anyone` needs no token; `signed-in` takes everybody but workers, for what is the caller's own; `administrator` and `worker` name the role that the caller must hold; a permission lets
 * in who holds it on anything at all, and the feature behind the route then asks for it on the thing itself (`authorize`), or lists
 * only what the caller may read. There is no default: a route that says nothing does not compile.
 */
export type RouteAccess = "anyone" | "signed-in" | "administrator" | "worker" | Permission;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** JSON Schema 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The types of a route's input, as its schemas describe it. */
export interface RouteInput {
  params: Record<string, string>;
  query: object;
  body: unknown;
}

/** One line of the table: what mounts the handler, checks the input, guards the way in and fills the OpenAPI document. */
export interface Route<Input extends RouteInput = RouteInput> {
  method: Method;
  /** With parameters in braces, such as `/api/jobs/{jobId}`. */
  path: string;
  /** A stable name in lower camel case, the `operationId` of OpenAPI. */
  name: string;
  summary: string;
  access: RouteAccess;
  /** Open also to users who have to change their password before anything else. */
  beforePasswordChange?: boolean;
  /** The schema of each path parameter; a text where none is given. */
  params?: Readonly<Record<string, JsonSchema>>;
  /** The schema of each query parameter; all are optional. */
  query?: Readonly<Record<string, JsonSchema>>;
  /** Takes any query, unchecked: what others add to an address is theirs to choose. */
  openQuery?: boolean;
  body?: RouteBody;
  /** Whether the route looks at `If-Match`. */
  ifMatch?: boolean;
  /**
   * How a repeated `Idempotency-Key` is recognised on a POST: `generic` stores the answer after the handler is done,
   * `own` leaves it to the handler, which does it in its own transaction, and `once` never stores the answer
   * because it holds a secret: a repetition is refused.
   */
  idempotency?: "generic" | "own" | "once";
  /** On which level a request is logged; by default `info` when it changes something, else `debug`. */
  logLevel?: LogLevel;
  responses: Readonly<Record<number, RouteResponse>>;
  handle(request: ApiRequest<Input>): Promise<ApiAnswer> | ApiAnswer;
}

export interface RouteBody {
  schema: JsonSchema;
  /** Bytes. */
  limit: number;
  /** Added to the refusal of a larger body, such as "a script may have 4 MiB". */
  limitReason?: string;
  /** An absent body counts as `{}`. */
  optional?: boolean;
  /** It may hold a password, which could be guessed from its hash: not even that is stored with an `Idempotency-Key`. */
  secret?: boolean;
}

export interface RouteResponse {
  description: string;
  schema?: JsonSchema;
  /** `application/json` where there is a schema and nothing else is said. */
  mediaType?: string;
  /** What else the caller may ask for by `Accept`. */
  otherMediaTypes?: readonly string[];
}

/** A request that has passed authentication, authorisation and validation. */
export interface ApiRequest<Input extends RouteInput = RouteInput> {
  params: Input["params"];
  query: Input["query"];
  body: Input["body"];
  caller: Principal;
  requestId: string;
  /** The revision that the resource must have, from `If-Match`. */
  ifMatch: number | undefined;
  /** Of a POST with an `Idempotency-Key`: for the handler's first write (`Store.once`). */
  idempotency: IdempotencyKey | undefined;
  log: Log;
  /** Aborted when the caller is gone. */
  signal: AbortSignal;
  /** For routes that look at further headers. */
  incoming: IncomingMessage;
  /** Where the request comes from, and how, as far as proxies are to be believed. */
  from: {
    /** The caller's own. */
    address(): string;
    /** By which the caller knows this service. */
    host(): string;
    /** Whether the caller's own connection is encrypted. */
    secure(): boolean;
  };
}

/** What a handler answers. */
export type ApiAnswer =
  | { status: number; body: unknown; headers?: Record<string, string>; cookies?: readonly string[] }
  | { status: 204; cookies?: readonly string[] }
  | { redirect: string; cookies?: readonly string[] }
  | { status: number; bytes: Uint8Array | string; mediaType: string; headers?: Record<string, string> }
  | {
      /** The handler writes the response itself; it is called after the check and owns the connection from then on. */
      write: (response: ServerResponse) => Promise<void> | void;
    };

/** Declares a route with typed input; the schemas are checked at start, the types are the author's word. */
export function route<Input extends Partial<RouteInput>>(
  declaration: Route<{
    params: Input["params"] extends Record<string, string> ? Input["params"] : Record<string, never>;
    query: Input["query"] extends object ? Input["query"] : Record<string, never>;
    body: Input extends { body: infer Body } ? Body : undefined;
  }>,
): Route {
  return declaration as unknown as Route;
}
