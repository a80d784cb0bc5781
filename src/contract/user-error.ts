/**
 * A mistake that the user can mend: no stack is shown, every field is for people.
 * Whatever else is thrown is a bug.
 */
export class UserError extends Error {
  /** A stable name, such as `runbook-not-found`; also the `type` of the API's error body. */
  readonly code: string;
  /** The HTTP status that stands for it, such as 404; 400 where nothing fits better. */
  readonly status: number;
  /** What to do now. */
  readonly remedy: string | undefined;
  /** All that is wrong with the input, each with a JSON pointer. */
  readonly errors: { pointer: string; message: string }[] | undefined;

  constructor(
    code: string,
    message: string,
    details: {
      status?: number;
      remedy?: string;
      errors?: { pointer: string; message: string }[];
      cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "UserError";
    this.code = code;
    this.status = details.status ?? 400;
    this.remedy = details.remedy;
    this.errors = details.errors;
  }
}
