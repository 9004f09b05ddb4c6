import { z } from 'zod';

/** A bound of what models may cost. */
export const Budget = z.strictObject({
  /** Input and output tokens. */
  tokens: z.int().min(0).optional(),
  /** USD, by `agent_prices`. Models without a price are bounded by tokens alone. */
  usd: z.number().min(0).optional(),
});
export type Budget = z.infer<typeof Budget>;

/** The bounds of one incident, of one cluster in a day (UTC), and of everything in a day. */
export const Budgets = z.strictObject({
  incident: Budget.optional(),
  cluster_per_day: Budget.optional(),
  per_day: Budget.optional(),
});
export type Budgets = z.infer<typeof Budgets>;
