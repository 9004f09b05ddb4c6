import { z } from 'zod';
import { Severity } from '../faults/severity.ts';
import { AcknowledgeRequest } from '../problems/acknowledge-request.ts';
import { PROBLEM_STATES, Problem } from '../problems/problem.ts';
import { type ApiRoute, ClusterName, Cursor, Limit } from './route.ts';

/** The key of a problem, see `problemKey`; it has a `/`, which clients encode as `%2F`. */
const ProblemParams = z.object({ cluster: z.string(), key: z.string() });

const ProblemList = z.object({
  /** Of each state the latest change first. */
  problems: z.array(Problem),
  /** Where the next page begins; missing on the last one. */
  next: z.string().optional(),
});

export const LIST_PROBLEMS = {
  method: 'GET',
  path: '/api/problems',
  tag: 'problems',
  role: 'viewer',
  summary: 'Lists problems, those that are firing first, of each state the latest change first',
  query: z.strictObject({
    state: z.enum(PROBLEM_STATES).optional(),
    cluster: ClusterName.optional(),
    severity: Severity.optional(),
    /** Begins the key: the namespace, as in `shop/`. */
    namespace: z.string().min(1).max(63).optional(),
    /** Text of the key, a fault type or the message, in any case. */
    search: z.string().min(1).max(200).optional(),
    limit: Limit,
    cursor: Cursor.optional(),
  }),
  answers: { 200: ProblemList },
} as const satisfies ApiRoute;

export const GET_PROBLEM = {
  method: 'GET',
  path: '/api/problems/:cluster/:key',
  tag: 'problems',
  role: 'viewer',
  summary: 'Returns a problem',
  params: ProblemParams,
  answers: { 200: Problem },
} as const satisfies ApiRoute;

export const ACKNOWLEDGE_PROBLEM = {
  method: 'POST',
  path: '/api/problems/:cluster/:key/acknowledge',
  tag: 'problems',
  role: 'operator',
  summary: 'Notes who has taken a problem over',
  params: ProblemParams,
  body: AcknowledgeRequest,
  answers: { 200: Problem },
} as const satisfies ApiRoute;

export const UNACKNOWLEDGE_PROBLEM = {
  method: 'DELETE',
  path: '/api/problems/:cluster/:key/acknowledge',
  tag: 'problems',
  role: 'operator',
  summary: 'Notes that nobody has taken a problem over',
  params: ProblemParams,
  answers: { 200: Problem },
} as const satisfies ApiRoute;

export const INVESTIGATE_PROBLEM = {
  method: 'POST',
  path: '/api/problems/:cluster/:key/investigate',
  tag: 'problems',
  role: 'operator',
  summary: 'Queues another investigation of a problem',
  params: ProblemParams,
  answers: { 200: z.object({ incident_id: z.string() }) },
} as const satisfies ApiRoute;
