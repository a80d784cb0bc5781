import type { CalendarResource, CalendarWindow } from "../../src/contract/api/schedule.ts";
import type { View } from "../output/print.ts";
import { withFurther } from "../output/with-further.ts";

/** How calendars are shown. */
export const calendarView: View<CalendarResource> = {
  columns: [
    { title: "Calendar", value: (calendar) => calendar.name },
    { title: "Time zone", value: (calendar) => calendar.timeZone },
    { title: "Windows", value: (calendar) => String(calendar.windows.length) },
    { title: "Used by", value: (calendar) => withFurther(calendar.schedules, calendar.furtherSchedules) },
  ],
  details: [
    { title: "Id", value: (calendar) => calendar.calendarId },
    { title: "Description", value: (calendar) => calendar.description },
    { title: "Modified", value: (calendar) => `${calendar.modifiedAt} by ${calendar.modifiedBy}` },
    { title: "Permitted, denied", value: (calendar) => calendar.windows.map(windowText).join("\n") },
  ],
  name: (calendar) => calendar.name,
};

function windowText(window: CalendarWindow): string {
  const { effect, weekdays, from, to, firstDate, lastDate, startsAt, endsAt, note } = window;
  const parts = [
    effect,
    weekdays?.join(","),
    from === undefined && to === undefined ? undefined : `${from ?? "00:00"}-${to ?? "24:00"}`,
    firstDate === undefined && lastDate === undefined ? undefined : `${firstDate ?? ""}..${lastDate ?? ""}`,
    startsAt === undefined ? undefined : `${startsAt}..${endsAt}`,
    note === undefined ? undefined : `(${note})`,
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}
