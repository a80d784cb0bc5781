import type { SpawnRequest } from "./spawner.ts";

/** From the worker to its spawner process. */
export interface SpawnMessage extends SpawnRequest {
  id: number;
}

/** From the spawner process; the message `stream` comes with a socket, four times, before `spawned`. */
export type SpawnerMessage =
  | { type: "stream"; id: number }
  | { type: "spawned"; id: number; processId: number }
  | { type: "failed"; id: number; reason: string }
  | { type: "exit"; id: number; code: number | null; signal: string | null };
