import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { root, say } from "./root.js";

const lock = `${root}/.setup-lock`;

/**
 * Runs `action` while no other set-up of this checkout does: `npm start` and `npm test` may begin together in a fresh clone.
 * @param {() => void | Promise<void>} action
 */
export async function exclusively(action) {
  let told = false;
  while (!taken()) {
    if (!told) say("waiting for another set-up of this folder to finish");
    told = true;
    await sleep(500);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release);
  try {
    await action();
  } finally {
    release();
    process.off("exit", release);
  }
}

function taken() {
  try {
    mkdirSync(lock);
    writeFileSync(`${lock}/pid`, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (holderLives()) return false;
    rmSync(lock, { recursive: true, force: true });
    return taken();
  }
}

function holderLives() {
  try {
    const pid = Number(readFileSync(`${lock}/pid`, "utf8"));
    if (!pid) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // ENOENT: between the holder's mkdir and its pid file. EPERM: it lives and is someone else's.
    return error.code === "ENOENT" || error.code === "EPERM";
  }
}
