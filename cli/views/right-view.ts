import type { RightResource } from "../../src/contract/api/right.ts";
import type { View } from "../output/print.ts";

/** How rights are shown. */
export const rightView: View<RightResource> = {
  columns: [
    { title: "Principal", value: ({ principal }) => `${principal.kind}:${principal.name}` },
    { title: "Role", value: ({ role }) => role },
    { title: "On", value: ({ on }) => subjectText(on) },
    { title: "Given by", value: ({ givenBy }) => givenBy },
    { title: "Right", value: ({ rightId }) => rightId },
  ],
  details: [{ title: "Given", value: ({ givenAt }) => givenAt }],
  name: ({ rightId }) => rightId,
};

/** As `--on` takes it. */
function subjectText({ kind, assetKind, id, name }: RightResource["on"]): string {
  return kind === "everything" ? kind : `${assetKind ?? kind}:${name ?? `(gone: ${id})`}`;
}
