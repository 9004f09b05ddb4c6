import { PROBLEM_STATES, type Problem, type ProblemState } from '@nightcrier/core/problems/problem';
import type { Redis } from 'ioredis';
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

/** A position in an index: the last problem of a page. */
interface Position {
  state: ProblemState;
  score: number;
  member: string;
}

const CURSOR = /^(?<state>firing|recovered|closed):(?<score>\d+):(?<member>.*)$/s;

/** @throws RangeError for a cursor that no page has returned */
export function parseCursor(cursor: string): Position {
  const { state, score, member } = CURSOR.exec(Buffer.from(cursor, 'base64url').toString())?.groups ?? {};
  const known = PROBLEM_STATES.find((other) => other === state);
  if (known === undefined || score === undefined || member === undefined)
    throw new RangeError(`cursor ${JSON.stringify(cursor)} must be \`next\` of an earlier page`);
  return { state: known, score: Number(score), member };
}

function cursorOf({ state, score, member }: Position): string {
  return Buffer.from(`${state}:${score}:${member}`).toString('base64url');
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
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  const states = state === undefined ? PROBLEM_STATES : [state];
  const first = after === undefined ? 0 : states.indexOf(after.state);
  if (first < 0) throw new RangeError(`cursor ${JSON.stringify(cursor)} is one of another list`);
  const found: Position[] = [];
  for (const one of states.slice(first)) {
    const from = after?.state === one ? after : undefined;
    found.push(...(await readIndex(redis, keys.problemsIn(one, cluster), one, from, limit + 1 - found.length)));
    if (found.length > limit) break;
  }
  const last = found[limit - 1];
  const members = found.slice(0, limit).map(({ member }) => member);
  return found.length > limit && last ? { members, next: cursorOf(last) } : { members };
}

/** Reads up to `most` entries after a position. Those of one time are in the order of their names, the last first. */
async function readIndex(
  redis: Redis,
  index: string,
  state: ProblemState,
  after: Position | undefined,
  most: number,
): Promise<Position[]> {
  const found: Position[] = [];
  for (let offset = 0; found.length < most; offset += most) {
    const reply = await redis.zrevrangebyscore(
      index,
      after?.score ?? '+inf',
      '-inf',
      'WITHSCORES',
      'LIMIT',
      offset,
      most,
    );
    for (let at = 0; at < reply.length; at += 2) {
      const [member = '', score = '0'] = reply.slice(at, at + 2);
      const isBefore = after !== undefined && Number(score) === after.score && !isLess(member, after.member);
      if (!isBefore && found.length < most) found.push({ state, score: Number(score), member });
    }
    if (reply.length < 2 * most) break;
  }
  return found;
}

/** As Redis compares members: by their bytes. */
function isLess(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
}
