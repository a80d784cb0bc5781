/** A restriction of when something may run. */
export interface PermittedTime {
  /** The first permitted moment at or after `moment`, and not after `last`; undefined when there is none. */
  from(moment: number, last: number): number | undefined;
}
