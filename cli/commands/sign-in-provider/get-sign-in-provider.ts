import type { SignInProviderResource } from "../../../src/contract/api/sign-in-provider.ts";
import type { Command } from "../../command.ts";
import { connect } from "../../connection/connect.ts";
import { exitCodes } from "../../exit-codes.ts";
import { printList, printOne } from "../../output/print.ts";
import { signInProviderView } from "../../views/sign-in-provider-view.ts";

const path = "/api/sign-in-providers";

export const command: Command = {
  name: "get-sign-in-provider",
  summary: "list the providers by which users may sign in, or show one",
  arguments: [{ name: "NAME", help: "its name", optional: true }],
  examples: [{ line: "get-sign-in-provider corp", does: "its settings, without its client's secret" }],
  async run(invocation) {
    const api = connect();
    const name = invocation.argument(0);
    if (name === "") {
      const { items } = await api.get<{ items: SignInProviderResource[] }>(path);
      await printList(items, signInProviderView, invocation.output);
    } else {
      const provider = await api.get<SignInProviderResource>(`${path}/${encodeURIComponent(name)}`);
      await printOne(provider, signInProviderView, invocation.output);
    }
    return exitCodes.completed;
  },
};
