import type { Asynchronous } from "./store.ts";

/**
 * An object whose every method asks for the operation of its name. The names are known behind the call only: of the embedded
 * database, the main thread loads none of their code.
 */
export function operationCaller<Operations>(
  call: (operation: string, argument: unknown) => Promise<unknown>,
): Asynchronous<Operations> {
  const methods = new Map<string, (argument: unknown) => Promise<unknown>>();
  return new Proxy({} as Asynchronous<Operations>, {
    get(_target, name) {
      // Without a `then`, or awaiting the object itself would ask the database for it.
      if (typeof name !== "string" || name === "then") {
        return undefined;
      }
      let method = methods.get(name);
      if (method === undefined) {
        method = (argument) => call(name, argument);
        methods.set(name, method);
      }
      return method;
    },
  });
}
