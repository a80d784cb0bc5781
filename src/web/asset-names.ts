import type { AssetNames } from "../access/right-subject.ts";
import type { Store } from "../store/store.ts";

/** What rights on assets are shown and given by. A calendar has the rights of a schedule; of one name the schedule is meant. */
export function assetNames(store: Pick<Store, "read">): AssetNames {
  return {
    async idOf({ kind, name }) {
      return kind === "schedule"
        ? ((await store.read.schedule({ schedule: name }))?.scheduleId ??
            (await store.read.calendar({ calendar: name }))?.calendarId ??
            null)
        : ((await store.read.asset({ kind, asset: name }))?.assetId ?? null);
    },
    async nameOf({ kind, assetId }) {
      return kind === "schedule"
        ? ((await store.read.schedule({ schedule: assetId }))?.name ??
            (await store.read.calendar({ calendar: assetId }))?.name ??
            null)
        : ((await store.read.assetNames({ assetIds: [assetId] }))[0]?.name ?? null);
    },
  };
}
