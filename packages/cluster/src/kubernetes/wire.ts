/**
 * A Kubernetes object as it comes over the wire: client-node's types with dates as text and every field optional,
 * because what a server sends is not to be trusted to be complete.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]?: Wire<T[Key]> }
      : T;

/** A page of a list. */
export interface WireList<T> {
  items?: Wire<T>[];
  metadata?: { continue?: string; remainingItemCount?: number };
}
