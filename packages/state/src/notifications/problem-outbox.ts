import { ProblemNotification } from '@nightcrier/core/problems/problem-notification';
import { z } from 'zod';
import type { StateContext } from '../redis/state-context.ts';
import { type Due, Outbox } from './outbox.ts';

/** A notification about a problem as it is stored: it names its incident, whose facts are read at delivery. */
export const StoredProblemNotification = ProblemNotification.omit({ incident: true }).extend({
  incident_id: z.string().optional(),
});
export type StoredProblemNotification = z.infer<typeof StoredProblemNotification>;

/**
 * The notifications about problems by their id (`lua/note-problem-due.lua`). Apart from `NotificationOutbox`, whose entries workers of
 * earlier versions remove when they cannot read them.
 */
export class ProblemOutbox extends Outbox<StoredProblemNotification> {
  constructor(context: StateContext) {
    super(context, context.keys.dueProblemNotifications, (json) => StoredProblemNotification.parse(withLists(json)));
  }

  /** The earliest first. */
  override async due(): Promise<Due<StoredProblemNotification>[]> {
    const due = await super.due();
    return due.toSorted((a, b) => a.notification.sequence - b.notification.sequence);
  }
}

/** Lua encodes an empty list as an empty object. */
function withLists(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('problem' in value)) return value;
  const { problem } = value;
  if (typeof problem !== 'object' || problem === null) return value;
  const lists = Object.entries(problem).map(([key, item]: [string, unknown]) => [
    key,
    key !== 'labels' && typeof item === 'object' && item !== null && Object.keys(item).length === 0 ? [] : item,
  ]);
  return { ...value, problem: Object.fromEntries(lists) as unknown };
}
