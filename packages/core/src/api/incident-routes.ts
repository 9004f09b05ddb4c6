import { z } from 'zod';
import { LONGEST_CANCEL_NAME, LONGEST_CANCEL_REASON } from '../incidents/cancel-request.ts';
import { INCIDENT_STATES, Incident, IncidentState } from '../incidents/incident.ts';
import { nameOfStored } from '../incidents/stored-name.ts';
import { type ApiRoute, ClusterName, Cursor, Limit } from './route.ts';

const IncidentParams = z.object({ id: z.string() });

/** One line without control characters: it is printed in terminals. */
function line(longest: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, { error: 'must be one line without control characters' });
}

/** Also the former name of `reported`. */
const ListedState = z
  .enum([...INCIDENT_STATES, 'resolved'])
  .transform((name) => IncidentState.parse(nameOfStored(name)));

/** The new incident. */
const Requeued = z.object({ incident_id: z.string(), previous_incident_id: z.string() });

export const LIST_INCIDENTS = {
  method: 'GET',
  path: '/api/incidents',
  tag: 'incidents',
  role: 'viewer',
  summary: 'Lists incidents, the newest first',
  query: z.strictObject({
    state: ListedState.optional(),
    cluster: ClusterName.optional(),
    limit: Limit,
    cursor: Cursor.optional(),
  }),
  answers: {
    200: z.object({
      incidents: z.array(Incident),
      /** Ids of listed incidents whose rows cannot be read. */
      corrupt: z.array(z.string()),
      /** Where the next page begins; missing on the last one. */
      next: z.string().optional(),
    }),
  },
} as const satisfies ApiRoute;

export const GET_INCIDENT = {
  method: 'GET',
  path: '/api/incidents/:id',
  tag: 'incidents',
  role: 'viewer',
  summary: 'Returns an incident',
  params: IncidentParams,
  answers: { 200: Incident },
} as const satisfies ApiRoute;

export const GET_REPORT = {
  method: 'GET',
  path: '/api/incidents/:id/report',
  tag: 'incidents',
  role: 'viewer',
  summary: 'Returns the report of an incident',
  description:
    'Markdown as the agent wrote it, redacted; or an HTML page for a client that prefers that, as browsers do.',
  params: IncidentParams,
  answers: { 200: z.string() },
  contentTypes: ['text/markdown', 'text/html'],
} as const satisfies ApiRoute;

const ThisMachine =
  'Workers keep the files for a limited time; they are available where the API runs on the machine of the worker.';

export const LIST_EVIDENCE = {
  method: 'GET',
  path: '/api/incidents/:id/evidence',
  tag: 'incidents',
  role: 'viewer',
  summary: 'Lists the files that were collected before the investigation of an incident',
  description: ThisMachine,
  params: IncidentParams,
  answers: {
    200: z.object({
      /** `size` in bytes. */
      files: z.array(z.object({ name: z.string(), size: z.int() })),
    }),
  },
} as const satisfies ApiRoute;

export const READ_EVIDENCE = {
  method: 'GET',
  path: '/api/incidents/:id/evidence/file',
  tag: 'incidents',
  role: 'viewer',
  summary: 'Reads a part of a file that the list of evidence names, redacted',
  description: ThisMachine,
  params: IncidentParams,
  query: z.strictObject({
    name: z.string().min(1).max(500),
    /** In bytes. */
    offset: z.coerce.number<string | number>().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
    limit: z.coerce.number<string | number>().int().min(1).max(262_144).default(262_144),
  }),
  answers: {
    200: z.object({
      text: z.string(),
      /** Of the whole file, in bytes. */
      size: z.int(),
      /** `offset` of the rest; missing at the end. */
      next: z.int().optional(),
    }),
  },
} as const satisfies ApiRoute;

export const REQUEUE_INCIDENT = {
  method: 'POST',
  path: '/api/incidents/:id/requeue',
  tag: 'incidents',
  role: 'operator',
  summary: 'Queues an incident that has ended again, as a new one',
  params: IncidentParams,
  answers: { 200: Requeued },
} as const satisfies ApiRoute;

export const SPLIT_INCIDENT = {
  method: 'POST',
  path: '/api/incidents/:id/members/:member/split',
  tag: 'incidents',
  role: 'operator',
  summary: 'Queues one member of an incident separately',
  params: IncidentParams.extend({ member: z.string() }),
  answers: { 200: Requeued },
} as const satisfies ApiRoute;

/** The incident as it is after the request; with status 202, a worker is going to end it. */
const Cancelled = z.object({ incident_id: z.string(), state: IncidentState });

export const CANCEL_INCIDENT = {
  method: 'POST',
  path: '/api/incidents/:id/cancel',
  tag: 'incidents',
  role: 'operator',
  summary: 'Ends an open incident without a result',
  description: 'The status is 200 if it has ended, and 202 if a worker has to stop its agent first.',
  params: IncidentParams,
  body: z.strictObject({ reason: line(LONGEST_CANCEL_REASON).optional(), by: line(LONGEST_CANCEL_NAME).optional() }),
  answers: { 200: Cancelled, 202: Cancelled },
} as const satisfies ApiRoute;
