export interface DutyLeaseWrites {
  /**
   * Takes a duty that nobody has, or keeps one that is the holder's, for so many milliseconds by the database's clock. Says whether the
   * holder has it. Of several who ask at once, one gets it.
   */
  takeDutyLease(of: { duty: string; holder: string; duration: number }): boolean;

  /** Gives a duty up, so that another may take it at once. */
  releaseDutyLease(of: { duty: string; holder: string }): void;
}
