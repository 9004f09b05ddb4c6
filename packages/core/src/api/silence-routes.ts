import { z } from 'zod';
import { NewSilence, Silence, SILENCE_STATES } from '../silences/silence.ts';
import type { ApiRoute } from './route.ts';
import { Cursor, Limit, listOf } from './route.ts';

/** A silence, and whether it is in effect. */
export const ShownSilence = Silence.extend({ state: z.enum(SILENCE_STATES) });
export type ShownSilence = z.infer<typeof ShownSilence>;

export const LIST_SILENCES = {
  method: 'GET',
  path: '/api/silences',
  tag: 'silences',
  role: 'viewer',
  summary: 'Lists silences, those that end last first, also those that have ended within a week',
  query: z.strictObject({
    state: listOf(SILENCE_STATES).optional(),
    /** Default: all. */
    limit: Limit.unwrap().optional(),
    cursor: Cursor.optional(),
  }),
  answers: { 200: z.object({ silences: z.array(ShownSilence), next: z.string().optional() }) },
} as const satisfies ApiRoute;

export const ADD_SILENCE = {
  method: 'POST',
  path: '/api/silences',
  tag: 'silences',
  role: 'operator',
  summary: 'Adds a silence',
  body: NewSilence,
  answers: { 201: z.object({ silence: ShownSilence }) },
} as const satisfies ApiRoute;

export const EXPIRE_SILENCE = {
  method: 'DELETE',
  path: '/api/silences/:id',
  tag: 'silences',
  role: 'operator',
  summary: 'Ends a silence at once',
  params: z.object({ id: z.string() }),
  answers: { 200: z.object({ silence: ShownSilence }) },
} as const satisfies ApiRoute;
