/** Which of the quiet streams a job records; Output, Error, Warning and Information always are. */
export interface LogSwitches {
  verbose: boolean;
  debug: boolean;
  progress: boolean;
}
