/** Counts at a pace, and can be told apart from outside. Its clock may be made as wrong as its worker's. */
export const counting = `import { job } from "runsmith";

export default async function ({ lines, pace, width = 0, shift = 0 }: { lines: number; pace: number; width?: number; shift?: number }) {
  process.title = "runsmith-attempt:" + job.id + "/" + job.attempt;
  const now = Date.now;
  if (shift !== 0) Date.now = () => now() + shift;
  for (let line = 1; line <= lines; line++) {
    console.log("line " + line + " of " + lines);
    if (width > 0) console.log("x".repeat(width));
    if (pace > 0) await new Promise((resolve) => setTimeout(resolve, pace));
  }
}
`;
