import type { ClusterHealth } from '../clusters/cluster-health.ts';
import type { Severity } from '../faults/severity.ts';
import type { ExhaustedBudget } from './exhausted-budget.ts';

/** A part of Nightcrier that fails. It is a problem like those of workloads. */
export interface OwnFailure {
  /** `-` for a failure that concerns no cluster. */
  cluster: string;
  /** `component:…`, which no workload's key can be. */
  key: string;
  component: OwnComponent;
  fault_type: string;
  severity: Severity;
  /** One sentence; not redacted. */
  message: string;
}

export const OWN_COMPONENTS = ['cluster', 'ingester', 'worker', 'receiver', 'agents', 'budget'] as const;
export type OwnComponent = (typeof OWN_COMPONENTS)[number];

/** What is known of the installation at one time. Times are ms since the epoch. */
export interface OwnView {
  now: number;
  /** Since when this view is kept: before, nothing is known. */
  since: number;
  clusters: readonly Pick<ClusterHealth, 'name' | 'status' | 'last_contact' | 'error'>[];
  /** Processes that are alive. */
  ingesters: number;
  workers: number;
  agents: {
    state: 'working' | 'degraded';
    failures_in_row: number;
    reason?: string | undefined;
    passed_over?: number | undefined;
  };
  receivers: readonly { target: string; failing_since?: number | undefined; last_error?: string | undefined }[];
  /** Budgets for which the gateway has refused requests. */
  exhausted: readonly ExhaustedBudget[];
  /** `blind_after`, ms. */
  blindAfter: number;
}

const NO_CLUSTER = '-';
/** A process may be restarted, and a receiver may fail once: what lasts shorter is no failure, ms. */
const PATIENCE_MS = 60_000;

/** Returns what fails. Pure: the same view gives the same failures. */
export function ownFailures(view: OwnView): OwnFailure[] {
  const { now, since, ingesters, workers, agents, exhausted } = view;
  const isSettled = now - since >= PATIENCE_MS;
  return [
    ...view.clusters.flatMap((cluster) => blindCluster(cluster, view)),
    ...(ingesters === 0 && isSettled
      ? [own('ingester', 'NoIngester', 'critical', 'No ingester is at work: no cluster is watched.')]
      : []),
    ...(workers === 0 && isSettled
      ? [own('worker', 'NoWorker', 'critical', 'No triage worker is at work: nothing is investigated or notified.')]
      : []),
    ...view.receivers.flatMap(({ target, failing_since, last_error }) =>
      failing_since === undefined || now - failing_since < PATIENCE_MS
        ? []
        : [
            own(
              'receiver',
              'ReceiverFailing',
              'warning',
              `Notifications to ${target} fail: ${last_error ?? 'no reason known'}`,
              target,
            ),
          ],
    ),
    ...(agents.state === 'degraded'
      ? [
          own(
            'agents',
            'AgentsDegraded',
            'warning',
            `Agents are degraded: failures in a row: ${agents.failures_in_row}; incidents given to fallback agents: ${agents.passed_over ?? 0}. The last failure: ${agents.reason ?? 'no reason known'}`,
          ),
        ]
      : []),
    ...exhausted.map((budget) => usedUp(budget)),
  ];
}

/** Returns the target that a failure of a receiver is about, by the key of its problem. */
export function targetOfKey(key: string): string | undefined {
  return /^component:receiver:(?<target>.+)$/.exec(key)?.groups?.target;
}

/** Returns whether everything that a dead man's switch is for works. One cluster that nobody sees has a notification of its own. */
export function isWell(failures: readonly OwnFailure[]): boolean {
  return failures.every(({ severity }) => severity !== 'critical');
}

function blindCluster({ name, status, last_contact, error }: OwnView['clusters'][number], view: OwnView): OwnFailure[] {
  if (status === 'active') return [];
  const contact = last_contact === undefined ? view.since : Date.parse(last_contact);
  const blind = view.now - Math.max(contact, last_contact === undefined ? view.since : 0);
  if (blind < view.blindAfter) return [];
  const minutes = Math.floor(blind / 60_000);
  const message = `Cluster ${name} has not been watched for ${minutes} min: ${error ?? `its connection is ${status}`}`;
  return [{ ...own('cluster', 'ClusterUnwatched', 'critical', message), severity: 'warning', cluster: name }];
}

function usedUp({ scope, limit, cluster, incident_id }: ExhaustedBudget): OwnFailure {
  const budget = own('budget', 'BudgetUsedUp', 'warning', '', scope === 'incident' ? 'incident' : undefined);
  const concerned = { ...budget, cluster: cluster ?? NO_CLUSTER };
  switch (scope) {
    case 'day':
      return {
        ...concerned,
        message: `llm_budgets.per_day is used up (${limit}): until midnight UTC the built-in analyser reports.`,
      };
    case 'cluster':
      return {
        ...concerned,
        message: `llm_budgets.cluster_per_day of cluster ${cluster} is used up (${limit}): until midnight UTC the built-in analyser reports.`,
      };
    case 'incident':
      return {
        ...concerned,
        severity: 'info',
        message: `llm_budgets.incident was used up (${limit}) by incident ${incident_id}: the built-in analyser reported.`,
      };
    default:
      return scope satisfies never;
  }
}

function own(
  component: OwnComponent,
  fault_type: string,
  severity: Severity,
  message: string,
  of?: string,
): OwnFailure {
  const key = `component:${component}${of === undefined ? '' : `:${of}`}`;
  return { cluster: NO_CLUSTER, key, component, fault_type, severity, message };
}
