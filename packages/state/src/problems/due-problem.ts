import { Severity } from '@nightcrier/core/faults/severity';
import { ProblemState } from '@nightcrier/core/problems/problem';
import { ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import { z } from 'zod';

/** What `lua/state/notify-problem.lua` writes. Times are ms since the epoch. */
export const DueProblem = z.object({
  id: z.string(),
  sequence: z.number(),
  event: ProblemEvent,
  at: z.number(),
  cluster: z.string(),
  key: z.string(),
  incident: z.string().optional(),
  problem: z.object({
    state: ProblemState,
    severity: Severity,
    since: z.number(),
    recovered_at: z.number().optional(),
    recurrences: z.number(),
    flapping: z.boolean(),
    /** JSON. */
    acknowledged: z.string().optional(),
    silenced: z.string().optional(),
    members: z.string().optional(),
  }),
});
export type DueProblem = z.infer<typeof DueProblem>;
