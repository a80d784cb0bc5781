import type { MasterKeyResource } from "../../src/contract/api/master-key.ts";
import type { View } from "../output/print.ts";

/** How the master keys are shown. */
export const masterKeyView: View<MasterKeyResource["keys"][number]> = {
  columns: [
    { title: "Key", value: (key) => key.keyId },
    { title: "State", value: (key) => key.state },
    { title: "Created", value: (key) => key.createdAt },
    { title: "Changed", value: (key) => key.changedAt },
  ],
  name: (key) => key.keyId,
};
