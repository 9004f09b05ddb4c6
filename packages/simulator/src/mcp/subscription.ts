import { z } from 'zod';
import { labelSelector } from '../kubernetes/request/selectors.ts';

/** The arguments of `events_subscribe`. */
export const SubscriptionRequest = z.object({
  mode: z
    .enum(['events', 'faults'])
    .default('events')
    .describe("'events' for all events (default), 'faults' for edge-triggered fault detection"),
  namespaces: z.array(z.string()).optional().describe('Namespaces to watch; all when not given'),
  labelSelector: z.string().optional().describe('Label selector over the labels of the involved object'),
  involvedKind: z.string().optional().describe('Kind of the involved object, such as Pod'),
  involvedName: z.string().optional().describe('Name of the involved object'),
  involvedNamespace: z.string().optional().describe('Namespace of the involved object'),
  type: z.enum(['Normal', 'Warning']).optional().describe('Type of the event'),
  reason: z.string().optional().describe('Prefix of the reason of the event'),
});
export type SubscriptionRequest = z.infer<typeof SubscriptionRequest>;
export type SubscriptionMode = SubscriptionRequest['mode'];
type SubscriptionFilters = Omit<SubscriptionRequest, 'mode'>;

/** A subscription of one session to faults or events. */
export interface Subscription {
  id: string;
  sessionId: string;
  mode: SubscriptionMode;
  filters: SubscriptionFilters;
  createdAt: Date;
  degraded: boolean;
}

/** The fields of a fault or an event that filters match. */
export interface Occurrence {
  namespace: string;
  kind: string;
  name: string;
  /** Of the involved object. */
  labels: Record<string, string>;
  /** Type and reason of an event. Missing for faults, to which the filters `type` and `reason` do not apply. */
  type?: string;
  reason?: string;
}

/** Returns why a subscription is refused, with the text of the real server; undefined if it is valid. */
export function refusalOf(request: SubscriptionRequest): string | undefined {
  if (request.mode === 'faults' && request.type === 'Normal') {
    return 'invalid subscription filters: faults mode cannot filter for Normal events';
  }
  try {
    labelSelector(request.labelSelector ?? '');
    return undefined;
  } catch (error) {
    return `invalid subscription filters: invalid label selector: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Returns whether an occurrence passes all filters of a subscription. */
export function passesFilters(filters: SubscriptionFilters, occurrence: Occurrence): boolean {
  const same = (wanted: string | undefined, actual: string): boolean => wanted === undefined || wanted === actual;
  return (
    (!filters.namespaces?.length || filters.namespaces.includes(occurrence.namespace)) &&
    same(filters.involvedKind, occurrence.kind) &&
    same(filters.involvedName, occurrence.name) &&
    same(filters.involvedNamespace, occurrence.namespace) &&
    (occurrence.type === undefined || same(filters.type, occurrence.type)) &&
    (occurrence.reason === undefined || occurrence.reason.startsWith(filters.reason ?? '')) &&
    labelSelector(filters.labelSelector ?? '')(occurrence.labels)
  );
}
