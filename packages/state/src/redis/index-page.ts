import type { Redis } from 'ioredis';

/** A sorted set that is read in pages, from the highest score on; `name` identifies it in cursors. */
export interface PagedIndex {
  name: string;
  key: string;
}

/** A position in one of the indexes of a list: the last entry of a page. */
export interface Position {
  index: string;
  score: number;
  member: string;
}

/** Something else may have written any score. */
const CURSOR = /^(?<index>[a-z_]*):(?<score>-?(?:[\d.]+(?:e[+-]?\d+)?|Infinity)):(?<member>.*)$/s;

/**
 * Reads the position that a cursor names.
 * @param indexes of the list, which the cursor must be of
 * @throws RangeError for a cursor that no page of this list has returned
 */
export function parseCursor(cursor: string, indexes: readonly Pick<PagedIndex, 'name'>[]): Position {
  const { index, score, member } = CURSOR.exec(Buffer.from(cursor, 'base64url').toString())?.groups ?? {};
  if (index === undefined || score === undefined || member === undefined) {
    throw new RangeError(`cursor ${JSON.stringify(cursor)} must be \`next\` of an earlier page`);
  }
  if (!indexes.some(({ name }) => name === index)) {
    throw new RangeError(`cursor ${JSON.stringify(cursor)} is one of another list`);
  }
  return { index, score: Number(score), member };
}

/** Returns the cursor of a page that ends at a position. */
export function cursorOf({ index, score, member }: Position): string {
  return Buffer.from(`${index}:${score}:${member}`).toString('base64url');
}

/**
 * Reads up to `most` entries of an index after a position. Costs as much as these entries, however many there are. Those of one
 * score are in the order of their names, the last first.
 */
export async function readIndex(
  redis: Redis,
  { name, key }: PagedIndex,
  after: Position | undefined,
  most: number,
): Promise<Position[]> {
  const found: Position[] = [];
  const from = boundOf(after?.score ?? Number.POSITIVE_INFINITY);
  for (let offset = 0; found.length < most; offset += most) {
    const reply = await redis.zrevrangebyscore(key, from, '-inf', 'WITHSCORES', 'LIMIT', offset, most);
    for (let at = 0; at < reply.length; at += 2) {
      const [member = '', text = '0'] = reply.slice(at, at + 2);
      const score = scoreOf(text);
      const isBefore = after !== undefined && score === after.score && !isLess(member, after.member);
      if (!isBefore && found.length < most) found.push({ index: name, score, member });
    }
    if (reply.length < 2 * most) break;
  }
  return found;
}

/** Reads a score as Redis writes it. */
function scoreOf(text: string): number {
  return Number(text.replace('inf', 'Infinity'));
}

/** Returns a score as a bound of a range. */
function boundOf(score: number): string {
  return String(score).replace('Infinity', 'inf');
}

/** As Redis compares members: by their bytes. */
function isLess(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
}
