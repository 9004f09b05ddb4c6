import { PROBLEM_STATES, type Problem, type ProblemState } from '@nightcrier/core/problems/problem';
import type { Redis } from 'ioredis';
import { ifReadable } from '../damage/if-readable.ts';
import { cursorOf, parseCursor, type Position, readIndex } from '../redis/index-page.ts';
import type { StateKeys } from '../redis/keys.ts';

export interface ProblemFilter {
  /** Default: all, those that are firing first, then the recovered ones, then the closed ones. */
  state?: ProblemState | undefined;
  cluster?: string | undefined;
  /** Maximum of problems of a page, at least 1. */
  limit: number;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

export interface ProblemPage {
  /** Of each state the latest change first. */
  problems: Problem[];
  /** Where the next page begins; missing on the last one. */
  next?: string;
}

/**
 * Returns the positions of a page, and its end. Costs as much as the page, however many problems there are. One that changes its
 * state between two pages may be on both, or on none.
 */
export async function readPositions(
  redis: Redis,
  keys: StateKeys,
  { state, cluster, limit, cursor }: ProblemFilter,
): Promise<{ members: string[]; next?: string }> {
  const states = state === undefined ? PROBLEM_STATES : [state];
  const indexes = states.map((name) => ({ name, key: keys.problemsIn(name, cluster) }));
  const after = cursor === undefined ? undefined : parseCursor(cursor, indexes);
  const first = after === undefined ? 0 : indexes.findIndex(({ name }) => name === after.index);
  const found: Position[] = [];
  for (const index of indexes.slice(first)) {
    const from = after?.index === index.name ? after : undefined;
    found.push(...(await ifReadable(readIndex(redis, index, from, limit + 1 - found.length), [])));
    if (found.length > limit) break;
  }
  const last = found[limit - 1];
  const members = found.slice(0, limit).map(({ member }) => member);
  return found.length > limit && last ? { members, next: cursorOf(last) } : { members };
}
