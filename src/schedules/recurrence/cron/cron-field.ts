/** One of the fields of a cron expression. */
export interface CronField {
  name: string;
  lowest: number;
  highest: number;
  /** What its numbers are called, from the lowest on. */
  names: readonly string[];
}

export const cronFields = {
  second: { name: "seconds", lowest: 0, highest: 59, names: [] },
  minute: { name: "minutes", lowest: 0, highest: 59, names: [] },
  hour: { name: "hours", lowest: 0, highest: 23, names: [] },
  dayOfMonth: { name: "days of the month", lowest: 1, highest: 31, names: [] },
  month: {
    name: "months",
    lowest: 1,
    highest: 12,
    names: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
  },
  // 7 is Sunday as well as 0.
  dayOfWeek: {
    name: "days of the week",
    lowest: 0,
    highest: 7,
    names: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
  },
} as const satisfies Record<string, CronField>;

/** Why an expression cannot be read; said to people. */
export class CronProblem extends Error {}

/**
 * The numbers that one part of a list names: a `*`, a number or a range `a-b`, each with a step `/n` where one is wanted. A range
 * may go over the end: `FRI-MON`, `22-4`.
 * @throws CronProblem
 */
export function cronNumbers(part: string, field: CronField): number[] {
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0) {
    throw new CronProblem(`"${part}" has two steps`);
  }
  const by = step === undefined ? 1 : wholeNumber(step, field);
  if (by < 1) {
    throw new CronProblem(`the step in "${part}" is not 1 or more`);
  }
  const [from, to] = endsOf(range, field, step !== undefined);
  const length = cycleOf(field);
  const span = from <= to ? to - from : to - from + length;
  const numbers: number[] = [];
  for (let distance = 0; distance <= span; distance += by) {
    numbers.push(field.lowest + ((from - field.lowest + distance) % length));
  }
  return numbers;
}

/** A number, or the name that stands for it. @throws CronProblem */
export function cronNumber(text: string, field: CronField): number {
  const index = (field.names as readonly string[]).indexOf(text.toUpperCase());
  const number = index >= 0 ? field.lowest + index : wholeNumber(text, field);
  if (number < field.lowest || number > field.highest) {
    throw new CronProblem(`${number} is not among the ${field.name}, ${field.lowest} to ${field.highest}`);
  }
  return number;
}

function endsOf(range: string, field: CronField, hasStep: boolean): [number, number] {
  if (range === "*") {
    return [field.lowest, field.lowest + cycleOf(field) - 1];
  }
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0 || from === "" || to === "") {
    throw new CronProblem(`"${range}" is no range`);
  }
  const first = cronNumber(from, field);
  if (to !== undefined) {
    return [first, cronNumber(to, field)];
  }
  return [first, hasStep ? field.lowest + cycleOf(field) - 1 : first];
}

/** How many different numbers there are. */
function cycleOf(field: CronField): number {
  return field === cronFields.dayOfWeek ? 7 : field.highest - field.lowest + 1;
}

function wholeNumber(text: string, field: CronField): number {
  if (!/^\d{1,4}$/.test(text)) {
    const names = field.names.length === 0 ? "" : ` or one of ${field.names.join(", ")}`;
    throw new CronProblem(`"${text}" is no number of ${field.name}${names}`);
  }
  return Number(text);
}
