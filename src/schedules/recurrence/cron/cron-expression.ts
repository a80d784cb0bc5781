import { UserError } from "../../../contract/user-error.ts";
import type { DayRule } from "../day-rules.ts";
import type { TimesOfDay } from "../times-of-day.ts";
import { CombinedTimes } from "../times-of-day.ts";
import { cronDays } from "./cron-days.ts";
import type { CronField } from "./cron-field.ts";
import { CronProblem, cronFields, cronNumbers } from "./cron-field.ts";

const macros: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/**
 * Reads a cron expression: minutes, hours, days of the month, months, days of the week; seconds before them where there are six fields.
 * Lists, ranges, steps, names of months and days, `?`, `L`, `L-n`, `nW`, `LW`, `dL`, `d#n`, and `@daily` and its like.
 * @throws UserError `invalid-cron` (422)
 */
export function readCron(expression: string): { days: DayRule; times: TimesOfDay } {
  const text = expression.trim();
  const fields = (macros[text.toLowerCase()] ?? text).split(/\s+/);
  try {
    if (text.startsWith("@") && macros[text.toLowerCase()] === undefined) {
      throw new CronProblem(`${text} is none of ${Object.keys(macros).join(", ")}`);
    }
    if (fields.length !== 5 && fields.length !== 6) {
      throw new CronProblem(`it has ${fields.length} fields, and should have five, or six with seconds first`);
    }
    const [second = "0", minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] =
      fields.length === 6 ? fields : ["0", ...fields];
    return {
      days: cronDays({ dayOfMonth, month, dayOfWeek }),
      times: new CombinedTimes({
        hours: numbersOf(hour, cronFields.hour),
        minutes: numbersOf(minute, cronFields.minute),
        seconds: numbersOf(second, cronFields.second),
      }),
    };
  } catch (error) {
    if (error instanceof CronProblem) {
      throw new UserError("invalid-cron", `The cron expression "${expression}" cannot be read: ${error.message}.`, {
        status: 422,
        remedy: "docs/schedules.md shows what an expression may hold.",
        errors: [{ pointer: "/recurrence/expression", message: error.message }],
      });
    }
    throw error;
  }
}

function numbersOf(text: string, field: CronField): number[] {
  const numbers = text.split(",").flatMap((part) => cronNumbers(part, field));
  return [...new Set(numbers)].sort((a, b) => a - b);
}
