import type { Readable, Writable } from "node:stream";
import type { ProcessExit } from "../sandbox/sandbox.ts";

/** What a host's outermost process is started with. */
export interface SpawnRequest {
  /** The whole command, wrappers first. */
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  workingDirectory: string;
  /** The account to become before the command starts, for good and without supplementary groups; null to stay. */
  become: { userId: number; groupId: number } | null;
  /** Rights that files it makes do not get (umask(2)); null for the same as the worker's. */
  fileMask: number | null;
  /** A file that the command gets opened for reading as descriptor 5; null for none. */
  descriptorFile: string | null;
}

/** A started process with the worker's ends of its descriptors 1 to 4. */
export interface SpawnedProcess {
  processId: number;
  stdout: Readable;
  stderr: Readable;
  input: Writable;
  output: Readable;
  /** Of the process itself; never rejects. */
  exited: Promise<ProcessExit>;
}

/** Starts the processes of hosts. */
export interface Spawner {
  /** What it starts has the limits of a host already, so that no wrapper has to set them. */
  readonly setsLimits: boolean;
  /** @throws Error when the command cannot be started. */
  spawn(request: SpawnRequest): Promise<SpawnedProcess>;
  close(): void;
}
