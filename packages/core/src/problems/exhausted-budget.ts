import { z } from 'zod';

const BUDGET_SCOPES = ['incident', 'cluster', 'day'] as const;

/** A budget for which the gateway has refused a request, and none has been accepted since. */
export const ExhaustedBudget = z.object({
  scope: z.enum(BUDGET_SCOPES),
  limit: z.enum(['tokens', 'usd']),
  /** Missing for all clusters. */
  cluster: z.string().optional(),
  /** Of an incident: the one that was refused last in its cluster. */
  incident_id: z.string().optional(),
});
export type ExhaustedBudget = z.infer<typeof ExhaustedBudget>;
