/** The media type of errors (RFC 9457). */
export const errorMediaType = "application/problem+json";

/**
 * The body of every error answer (RFC 9457, with members of our own).
 * `detail` says what happened and why; `remedy` what to do.
 */
export interface ErrorBody {
  /** A stable name, such as `runbook-not-found`. */
  type: string;
  title: string;
  status: number;
  detail: string;
  remedy?: string;
  /** All that is wrong with the request, each with a JSON pointer (RFC 6901) into the body or the parameters. */
  errors?: { pointer: string; message: string }[];
  /** Of a bug: the id under which the service's log has the stack. */
  id?: string;
}
