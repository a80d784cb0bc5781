/** Why a script failed, in its own lines. */
export interface JobException {
  /** The class of the error, such as `TypeError` or `System.IO.FileNotFoundException`. */
  name: string;
  message: string;
  /** The stack in the runbook's own lines, or PowerShell's position message and script stack trace. */
  stack?: string;
  line?: number;
  column?: number;
  cause?: JobException;
}
