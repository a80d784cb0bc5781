/*
 * What a Node host that runs one job after another does between two of them: it brings the process back to where it was
 * before the first, as far as that can be done, and says why not where it cannot. The host then ends, and the next job gets
 * another one.
 *
 * This is no border against a script that means harm: all jobs of a host are of one runbook version and, unless an
 * administrator said otherwise, of one starter. It keeps what one job did from reaching the next by accident.
 *
 * It is a program file of its own, which hosts that run one job never load; what it must know of the host's own modules is
 * handed to it.
 */
import { emptyFolder } from "./empty-folder.ts";
import { noteIdleProcess } from "./left-behind.ts";
import { loadFetch, noteProcessState } from "./process-state.ts";
import { noteScopedUse } from "./scoped-use.ts";
import { WatchedObjects } from "./watched-objects.ts";

/** What a process was like before the first job. */
export interface CleanState {
  /** Calls back when what is due already has had its turn, and what is being closed has had some to do so. */
  afterPending(callback: () => void): void;
  /** Brings the process back. @returns why that is not possible, or null */
  restore(): string | null;
}

const later = setImmediate;

/** Turns of the event loop in which what a script is done with may come to its end, such as the pipes of a program that has ended. */
const mostTurns = 5;

/**
 * Notes the state of this process, which has run no script yet.
 *
 * @param script What it will run, again and again.
 * @param folders The host's private folders, emptied after each job.
 * @param watchImports Has a listener told of the modules that scripts import.
 */
export function noteCleanState(
  script: string,
  folders: readonly string[],
  watchImports: (listener: (specifier: string) => void) => void,
): CleanState {
  const words = new Set(script.match(/[\w$]+/g));
  loadFetch(words);
  const watched = new WatchedObjects();
  // First: they put watchers where scripts could otherwise leave something unseen.
  watched.watchChangers();
  const scoped = noteScopedUse(watched, watchImports);
  const processState = noteProcessState(words);
  watched.addBuiltIns(words, processState.restored);
  const idle = noteIdleProcess();
  return {
    afterPending(callback) {
      let turns = mostTurns;
      const look = (): void => {
        turns--;
        if (turns > 0 && idle.isActive()) later(look);
        else callback();
      };
      later(look);
    },
    restore() {
      try {
        return scoped.used() ?? watched.changed() ?? idle.leftBehind() ?? processState.restore() ?? emptied(folders);
      } catch (error) {
        return `cleaning up failed: ${String(error)}`;
      }
    },
  };
}

function emptied(folders: readonly string[]): string | null {
  for (const folder of folders) if (!emptyFolder(folder)) return `${folder} could not be emptied`;
  return null;
}
