/** The program of one of the store's threads: the file beside this one, with this one's ending (`.ts` in a checkout, `.js` when built). */
export function threadProgram(name: "writer-thread" | "reader-thread"): URL {
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return new URL(`./${name}${ending}`, import.meta.url);
}
