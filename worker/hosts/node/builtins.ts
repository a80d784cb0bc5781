/*
 * Node's built-in modules that the host needs. An `import` of one reads every export it has, and thereby loads what most of
 * them load on demand only (`node:util` alone: worker threads, argument parsing, diffs): 3 ms and 0.5 MB for each host.
 */
export const { readSync, writeSync } = process.getBuiltinModule("node:fs");
export const { getEventListeners } = process.getBuiltinModule("node:events");
export const { isBuiltin, registerHooks } = process.getBuiltinModule("node:module");
export const { Writable } = process.getBuiltinModule("node:stream");
export const { StringDecoder } = process.getBuiltinModule("node:string_decoder");
export const { format, inspect } = process.getBuiltinModule("node:util");

/** `node:net` is loaded when it is first asked for. */
export function net(): typeof import("node:net") {
  return process.getBuiltinModule("node:net");
}
