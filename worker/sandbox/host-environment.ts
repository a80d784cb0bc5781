import { hostSearchPath } from "./bubblewrap-arguments.ts";
import type { HostProgram } from "./host-program.ts";

/** Named, so that no runtime has to find it out from /etc/localtime; asked for once, as ICU is slow to load. */
const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All that a host's environment holds beside HOME and TMPDIR: nothing of the worker's own. */
export function hostEnvironment(program: HostProgram, direct: boolean): Record<string, string> {
  return {
    PATH: hostSearchPath,
    LANG: "C.UTF-8",
    TZ: timeZone,
    ...program.environment,
    ...(direct ? program.directEnvironment : {}),
  };
}
