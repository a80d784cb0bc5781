/*
 * Makes the wall clock of a process wrong, as that of a machine may be: loaded before the program by
 * `node --import`, in its threads too. RUNSMITH_TEST_CLOCK_SHIFT says by how many milliseconds. The monotonic clock stays right.
 */
const shift = Number(process.env["RUNSMITH_TEST_CLOCK_SHIFT"] ?? 0);
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: ConstructorParameters<typeof Date> | []) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }

  static override now(): number {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
