import type { DispatchHoldResource } from "../../src/contract/api/dispatch.ts";
import type { View } from "../output/print.ts";

/** How holds of dispatch are shown. */
export const dispatchHoldView: View<DispatchHoldResource> = {
  columns: [
    { title: "Held", value: heldText },
    { title: "By", value: (hold) => hold.heldBy },
    { title: "Since", value: (hold) => hold.heldAt },
    { title: "Reason", value: (hold) => hold.reason },
  ],
  name: heldText,
};

function heldText({ scope, name }: DispatchHoldResource): string {
  return name === null ? "everything" : `${scope} ${name}`;
}
