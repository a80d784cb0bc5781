/**
 * What the database itself did not carry out. Where that is not for the values that it was given, the reason lies in the database
 * (a replica that changes its role, locks that it has no memory for), and the same may work later, though nobody says so.
 */
export class DatabaseError extends Error {
  /** The values are why: they would be refused again. */
  readonly refusesValues: boolean;

  constructor(message: string, refusesValues: boolean) {
    super(message);
    this.name = "DatabaseError";
    this.refusesValues = refusesValues;
  }
}
