/** A statement as it is sent. */
export interface SentStatement {
  /** The text, or the name of the stored procedure. */
  text: string;
  procedure: boolean;
  /** Names of its parameters, without `@`. */
  parameters: readonly string[];
}

let listener: ((statement: SentStatement) => void) | null = null;

/** Tells a listener of every statement that this process sends from now on, for the tests that check all of them; null ends it. */
export function listenToStatements(toldOf: ((statement: SentStatement) => void) | null): void {
  listener = toldOf;
}

/** A statement is about to be sent. */
export function noteStatement(statement: SentStatement): void {
  listener?.(statement);
}
