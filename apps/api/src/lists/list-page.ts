/** Which part of a list a client asks for. */
export interface PageRequest {
  /** Default: all. */
  limit?: number | undefined;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/**
 * Returns a page of a list that is read as a whole.
 * @param items in their order
 * @param orderOf what the items are ordered by, different for each; an item that is gone since the page before moves no other
 * @param direction of the order, by characters
 */
export function pageOf<T>(
  items: readonly T[],
  { limit = items.length, cursor }: PageRequest,
  orderOf: (item: T) => string,
  direction: 'ascending' | 'descending',
): { items: T[]; next?: string } {
  const sign = direction === 'ascending' ? 1 : -1;
  const ordered = items
    .map((item) => ({ item, order: orderOf(item) }))
    .toSorted((one, other) => sign * compare(one.order, other.order));
  const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString();
  const rest = after === undefined ? ordered : ordered.filter(({ order }) => sign * compare(order, after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ item }) => item),
    ...(last && rest.length > page.length && { next: Buffer.from(last.order).toString('base64url') }),
  };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
