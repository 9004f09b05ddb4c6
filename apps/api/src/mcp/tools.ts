import { GET_BOOKS, GET_HEALTH } from '@nightcrier/core/api/health-routes';
import { GET_INCIDENT, GET_REPORT, LIST_EVIDENCE, READ_EVIDENCE } from '@nightcrier/core/api/incident-routes';
import {
  ACKNOWLEDGE_PROBLEM,
  GET_PROBLEM,
  INVESTIGATE_PROBLEM,
  LIST_PROBLEMS,
} from '@nightcrier/core/api/problem-routes';
import type { ApiRoute } from '@nightcrier/core/api/route';
import { ADD_SILENCE } from '@nightcrier/core/api/silence-routes';
import { includesRole, type Role } from '@nightcrier/core/access/role';
import { Severity } from '@nightcrier/core/faults/severity';
import { PROBLEM_STATES } from '@nightcrier/core/problems/problem';
import { z } from 'zod';
import { describeClusters, describeDiagnosis, describeProblem, describeProblems, partOf } from './descriptions.ts';

/** The parts of a request of a route; values of the query that are undefined are left out. */
export interface Called {
  params?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: object;
}

/** Calls a route of the API with the credentials of the client. @throws ToolFailure */
export type CallRoute = (route: ApiRoute, called?: Called) => Promise<string>;

export interface Tool {
  name: string;
  title: string;
  /** For a model: what the tool is for, and when to use it. */
  description: string;
  /** That of the route which it calls. */
  role: Role;
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean; openWorldHint: boolean };
  input: z.ZodObject;
  /** @param input as its schema makes it */
  run: (input: never, call: CallRoute) => Promise<string>;
}

const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const CHANGES = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };

const ProblemName = z.object({
  cluster: z.string().min(1).describe('Name of the cluster, as list_problems shows it'),
  key: z.string().min(1).describe('Key of the problem, as list_problems shows it, such as shop/Deployment/cart'),
});
const IncidentId = z.object({ incident_id: z.guid().describe('Id of an incident, as get_problem shows it') });
const Comment = z.string().min(1).max(500).describe('One line that says why, for the people on call');

function tool<I extends z.ZodObject>(
  definition: Omit<Tool, 'input' | 'run'> & {
    input: I;
    run: (input: z.output<I>, call: CallRoute) => Promise<string>;
  },
): Tool {
  return definition;
}

const ALL: readonly Tool[] = [
  tool({
    name: 'list_problems',
    title: 'List and search problems',
    description:
      'Lists what is wrong in the watched Kubernetes clusters: one line for each workload or node with a problem, with its severity, symptoms and latest incident. ' +
      'Start here to answer "what is broken?". Without `state`, problems that are firing come first. Use `search` to find a workload or a kind of fault by text.',
    role: LIST_PROBLEMS.role,
    annotations: READS,
    input: z.object({
      state: z.enum(PROBLEM_STATES).optional().describe('firing: wrong now. recovered: wrong lately. closed: over'),
      cluster: z.string().min(1).optional().describe('Only of this cluster'),
      severity: Severity.optional(),
      namespace: z.string().min(1).optional().describe('Only of this namespace'),
      search: z.string().min(1).max(200).optional().describe('Text in the key, the kind of fault or the message'),
      limit: z.int().min(1).max(100).default(25),
      cursor: z.string().optional().describe('`next` of the previous answer, for the next page'),
    }),
    run: async (query, call) => describeProblems(await call(LIST_PROBLEMS, { query })),
  }),
  tool({
    name: 'get_problem',
    title: 'Show a problem',
    description:
      'Shows one problem: since when, its symptoms, who has taken it over, what silences it, and the ids of its incidents, the latest first. ' +
      'Then call get_diagnosis with an incident id to learn the cause.',
    role: GET_PROBLEM.role,
    annotations: READS,
    input: ProblemName,
    run: async (params, call) => describeProblem(await call(GET_PROBLEM, { params })),
  }),
  tool({
    name: 'get_diagnosis',
    title: 'Show a diagnosis',
    description:
      'Shows what an investigation concluded: root cause, confidence, ranked hypotheses and recommended steps. ' +
      'Use get_report for the full text, and list_evidence for what it is based on.',
    role: GET_INCIDENT.role,
    annotations: READS,
    input: IncidentId,
    run: async ({ incident_id: id }, call) => describeDiagnosis(await call(GET_INCIDENT, { params: { id } })),
  }),
  tool({
    name: 'get_report',
    title: 'Read a report',
    description: 'Returns the full report of an investigation as Markdown, in parts of 30,000 characters.',
    role: GET_REPORT.role,
    annotations: READS,
    input: IncidentId.extend({ offset: z.int().min(0).default(0).describe('Characters to skip') }),
    run: async ({ incident_id: id, offset }, call) => partOf(await call(GET_REPORT, { params: { id } }), offset),
  }),
  tool({
    name: 'list_evidence',
    title: 'List evidence',
    description:
      'Lists the files that were collected from the cluster before an investigation: pod, owner, events, logs, node. Only available where the API runs on the machine of the worker.',
    role: LIST_EVIDENCE.role,
    annotations: READS,
    input: IncidentId,
    run: async ({ incident_id: id }, call) => call(LIST_EVIDENCE, { params: { id } }),
  }),
  tool({
    name: 'read_evidence',
    title: 'Read evidence',
    description: 'Reads one file that list_evidence lists. `next` in the answer is the offset of the rest.',
    role: READ_EVIDENCE.role,
    annotations: READS,
    input: IncidentId.extend({
      name: z.string().min(1).max(500).describe('Name of the file, as list_evidence shows it'),
      offset: z.int().min(0).default(0).describe('Bytes to skip'),
    }),
    run: async ({ incident_id: id, ...query }, call) =>
      call(READ_EVIDENCE, { params: { id }, query: { ...query, limit: 30_000 } }),
  }),
  tool({
    name: 'cluster_health',
    title: 'Show cluster health',
    description:
      'Shows which clusters Nightcrier watches, which it does not, and why: a cluster that is not active can have problems that list_problems does not show. ' +
      'Lists clusters that are not active or watched in part first.',
    role: GET_HEALTH.role,
    annotations: READS,
    input: z.object({ cluster: z.string().min(1).optional().describe('Only this cluster, with all details') }),
    run: async ({ cluster }, call) => describeClusters(await call(GET_HEALTH), cluster),
  }),
  tool({
    name: 'books',
    title: 'Show the books',
    description:
      'Counts every fault that was ever received by what became of it: queued, deduplicated, grouped, dropped and so on, and whether the counts balance.',
    role: GET_BOOKS.role,
    annotations: READS,
    input: z.object({}),
    run: async (_, call) => call(GET_BOOKS),
  }),
  tool({
    name: 'acknowledge_problem',
    title: 'Acknowledge a problem',
    description:
      'Notes that somebody has taken a problem over, with a comment. People see it in their channels. Ask the user first.',
    role: ACKNOWLEDGE_PROBLEM.role,
    annotations: { ...CHANGES, idempotentHint: true },
    input: ProblemName.extend({ comment: Comment }),
    run: async ({ comment, ...params }, call) =>
      describeProblem(await call(ACKNOWLEDGE_PROBLEM, { params, body: { comment } })),
  }),
  tool({
    name: 'silence_problem',
    title: 'Silence problems',
    description:
      'Stops notifications and investigations of matching problems for a time. Matchers are written as in Alertmanager, such as cluster="prod", namespace="shop", workload="cart". ' +
      'Be as narrow as possible, and ask the user first: what is silenced wakes nobody.',
    role: ADD_SILENCE.role,
    annotations: { ...CHANGES, destructiveHint: true },
    input: z.object({
      matchers: z.string().min(1).max(2000).describe('cluster="…", namespace="…", workload="…", separated by commas'),
      duration: z.int().min(60).max(604_800).describe('Seconds, at most a week'),
      comment: Comment,
    }),
    run: async (body, call) => call(ADD_SILENCE, { body }),
  }),
  tool({
    name: 'investigate_again',
    title: 'Investigate again',
    description:
      'Queues another investigation of a problem, which costs time and tokens. Use it when the last one is outdated or inconclusive. Fails while an investigation is running.',
    role: INVESTIGATE_PROBLEM.role,
    annotations: CHANGES,
    input: ProblemName,
    run: async (params, call) => call(INVESTIGATE_PROBLEM, { params }),
  }),
];

/** Returns the tools that a role may use. */
export function toolsFor(role: Role): readonly Tool[] {
  return ALL.filter(({ role: needed }) => includesRole(role, needed));
}
