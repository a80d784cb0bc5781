/** A page of a list. `next` is an opaque key for the `after` query parameter, null on the last page. */
export interface Page<T> {
  items: T[];
  next: string | null;
}
