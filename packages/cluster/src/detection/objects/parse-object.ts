import { KINDS, type ObjectOf, type WatchedKind } from './kinds.ts';

/** Reads an object of a kind; undefined for one that has not the shape. */
export function parseObject<K extends WatchedKind>(kind: K, value: unknown): ObjectOf<K> | undefined {
  const parsed = KINDS[kind].schema.safeParse(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema is that of the kind
  return parsed.success ? (parsed.data as ObjectOf<K>) : undefined;
}
