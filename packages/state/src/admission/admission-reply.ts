import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import { z } from 'zod';

/** The outcome of a requeue or a split by an operator. */
export type RequeueOutcome =
  | Extract<AdmissionOutcome, { kind: 'queued' | 'rejected' | 'dropped_incoming' }>
  /** Nothing was changed: an open incident, this one, exists for the fault. */
  | { kind: 'already_open'; incidentId: string };

type Answer = AdmissionOutcome | RequeueOutcome | Error;

const Evicted = z.tuple([z.string(), z.string()]).transform(([incidentId, cluster]) => ({ incidentId, cluster }));
const Bound = z.enum(['cluster', 'global']);
const Reply = z.union([
  z
    .tuple([z.literal('queued'), z.string()], Evicted)
    .transform(([kind, incidentId, ...evicted]) => ({ kind, incidentId, evicted })),
  z.tuple([z.literal('resent'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  z
    .tuple([z.literal('deduplicated'), z.string(), z.number()])
    .transform(([kind, incidentId, recurrences]) => ({ kind, incidentId, recurrences })),
  z
    .tuple([z.literal('grouped'), z.string(), z.number()])
    .transform(([kind, incidentId, members]) => ({ kind, incidentId, members })),
  z.tuple([z.literal('already_open'), z.string()]).transform(([kind, incidentId]) => ({ kind, incidentId })),
  z
    .tuple([z.literal('rejected'), z.string(), Bound])
    .transform(([kind, incidentId, bound]) => ({ kind, incidentId, bound })),
  z
    .tuple([z.literal('dropped_incoming'), z.string(), Bound], Evicted)
    .transform(([kind, incidentId, bound, ...evicted]) => ({ kind, incidentId, bound, evicted })),
  z.tuple([z.literal('failed'), z.string()]).transform(([, message]) => new Error(message)),
]) satisfies z.ZodType<Answer>;

/** What `lua/admission.lua` returns for one fault. */
export type AdmissionReply = z.infer<typeof Reply>;
/** What `lua/admission.lua` returns: one reply for each fault, in their order. */
export const BatchReply = z.array(Reply);
