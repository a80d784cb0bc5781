import { UserError } from "../../src/contract/user-error.ts";
import type { Command, CommandOption, Invocation } from "../command.ts";
import { connect } from "../connection/connect.ts";
import { exitCodes } from "../exit-codes.ts";
import { printList, printOne, printRow } from "../output/print.ts";
import { lookAfterRunbooks, reassignOption } from "./affected-runbooks.ts";
import type { PrincipalNoun } from "./principal-nouns.ts";

/* The commands that are the same for users, groups and service principals. */

/** Options of commands that make a principal or change one. */
export const principalOptions: readonly CommandOption[] = [
  { flags: "--description <text>", help: "what it is for" },
  { flags: "--administrator <yes-or-no>", help: "whether it may do everything", choices: ["yes", "no"] },
];

/** What `principalOptions` say. */
export function principalSettings(invocation: Invocation): Record<string, unknown> {
  const description = invocation.text("description");
  const administrator = invocation.text("administrator");
  return {
    ...(description === undefined ? {} : { description }),
    ...(administrator === undefined ? {} : { administrator: administrator === "yes" }),
  };
}

/** The address of a principal below the service's, by its name or id. */
export function principalPath<Resource>(noun: PrincipalNoun<Resource>, nameOrId: string): string {
  return `${noun.path}/${encodeURIComponent(nameOrId)}`;
}

export function newPrincipalCommand<Resource>(noun: PrincipalNoun<Resource>, description: string): Command {
  return {
    name: `new-${noun.name}`,
    summary: `make a ${noun.spoken}`,
    description,
    arguments: [{ name: "NAME", help: "its name" }],
    options: principalOptions,
    examples: [{ line: `new-${noun.name} ${noun.example}`, does: "make it" }],
    async run(invocation) {
      const body = { name: invocation.argument(0), ...principalSettings(invocation) };
      await printRow(await connect().post<Resource>(noun.path, body), noun.view, invocation.output);
      return exitCodes.completed;
    },
  };
}

export function getPrincipalCommand<Resource>(noun: PrincipalNoun<Resource>): Command {
  return {
    name: `get-${noun.name}`,
    summary: `list the ${noun.spoken}s, or show one`,
    arguments: [{ name: "NAME", help: "its name or id", optional: true }],
    examples: [
      { line: `get-${noun.name}`, does: "all of them" },
      { line: `get-${noun.name} ${noun.example}`, does: "one" },
    ],
    async run(invocation) {
      const api = connect();
      const name = invocation.argument(0);
      if (name === "") await printList(await api.list<Resource>(noun.path), noun.view, invocation.output);
      else await printOne(await api.get<Resource>(principalPath(noun, name)), noun.view, invocation.output);
      return exitCodes.completed;
    },
  };
}

export function setPrincipalCommand<Resource>(noun: PrincipalNoun<Resource>): Command {
  return {
    name: `set-${noun.name}`,
    summary: `change a ${noun.spoken}`,
    description: "Changes what is named and leaves the rest.",
    arguments: [{ name: "NAME", help: "its name or id" }],
    options: principalOptions,
    examples: [{ line: `set-${noun.name} ${noun.example} --description 'night shift'`, does: "say what it is for" }],
    run: (invocation) => changePrincipal(noun, invocation, principalSettings(invocation)),
  };
}

export function switchPrincipalCommand<Resource>(
  noun: PrincipalNoun<Resource>,
  enabled: boolean,
  effect: string,
): Command {
  const verb = enabled ? "enable" : "disable";
  return {
    name: `${verb}-${noun.name}`,
    summary: `${verb} a ${noun.spoken}`,
    description: effect,
    arguments: [{ name: "NAME", help: "its name or id" }],
    ...(!enabled && { options: [reassignOption] }),
    examples: [{ line: `${verb}-${noun.name} ${noun.example}`, does: `${verb} it` }],
    async run(invocation) {
      if (!enabled) await lookAfterRunbooks(connect(), noun, invocation);
      return changePrincipal(noun, invocation, { enabled });
    },
  };
}

export function removePrincipalCommand<Resource>(noun: PrincipalNoun<Resource>, effect: string): Command {
  return {
    name: `remove-${noun.name}`,
    summary: `remove a ${noun.spoken}`,
    description: effect,
    arguments: [{ name: "NAME", help: "its name or id" }],
    options: [reassignOption],
    examples: [{ line: `remove-${noun.name} ${noun.example}`, does: "remove it" }],
    async run(invocation) {
      const api = connect();
      await lookAfterRunbooks(api, noun, invocation);
      await api.call("DELETE", principalPath(noun, invocation.argument(0)));
      return exitCodes.completed;
    },
  };
}

/** Sends a change and prints what came of it. Throws `UserError` (`nothing-to-set`) when nothing was named. */
export async function changePrincipal<Resource>(
  noun: PrincipalNoun<Resource>,
  invocation: Invocation,
  body: Record<string, unknown>,
): Promise<number> {
  if (Object.keys(body).length === 0) {
    throw new UserError("nothing-to-set", "No option says what to change, so nothing changes.", {
      remedy: `\`npx runsmith set-${noun.name} --help\` lists them.`,
    });
  }
  const path = principalPath(noun, invocation.argument(0));
  const changed = await connect().call<Resource>("PATCH", path, { body });
  await printRow(changed, noun.view, invocation.output);
  return exitCodes.completed;
}
