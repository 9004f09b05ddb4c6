import { type Alert, alertFingerprint } from '@nightcrier/core/alerts/alert';
import { inSlices } from '@nightcrier/core/async/time-slices';
import { decideAlert } from '@nightcrier/core/alerts/alert-decision';
import type { AlertOutcome, UnassignedAlert } from '@nightcrier/core/alerts/alert-outcome';
import { type AlertMapping, mapAlert, type MappedAlert } from '@nightcrier/core/alerts/map-alert';
import type { ParsedAlerts, ReceivedAlert } from '@nightcrier/core/alerts/parse-alerts';
import type { StoredAlert } from '@nightcrier/core/alerts/stored-alert';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import { SEVERITIES, type Severity } from '@nightcrier/core/faults/severity';
import type { Logger } from '@nightcrier/core/logger';
import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { problemKey, problemKeysOf, symptomName, type Workload } from '@nightcrier/core/problems/problem-key';
import type { AlertCounters } from '@nightcrier/state/alerts/alert-counters';
import {
  type AlertedProblem,
  type AlertRecord,
  type AlertStore,
  RESOLVED_KEPT_MS,
} from '@nightcrier/state/alerts/alert-store';
import type { Intake } from '../intake/intake.ts';
import { faultOfAlert, incidentIdOf } from './alert-fault.ts';

export interface AlertIntakeOptions {
  clusters: () => readonly ClusterConfig[];
  /** Called for each request: the configuration can change. */
  mapping: () => Omit<AlertMapping, 'clusters'>;
  /** Time after which an alert that tells no end counts as resolved unless it is sent again, ms. */
  resolveTimeout: () => number;
  store: Pick<AlertStore, 'read' | 'problems' | 'record'>;
  counters: Pick<AlertCounters, 'note'>;
  intake: Pick<Intake, 'admit'>;
  /** Never rejects. */
  resolve: (cluster: ClusterConfig, resource: ResourceReference) => Promise<Workload>;
  logger: Logger;
  now?: () => number;
}

/** An alert that names something in a configured cluster. */
interface Assigned {
  fingerprint: string;
  alert: ReceivedAlert;
  mapped: MappedAlert;
}

/** An alert with the problem and the symptom that it belongs to. */
interface Placed extends Assigned {
  known: StoredAlert | undefined;
  workload: Workload;
  problem: string;
  symptom: string;
}

interface Assignment {
  mapping: AlertMapping;
  pathCluster: string | undefined;
  count: (outcome: AlertOutcome) => void;
  received_at: string;
}

/** Alerts that are mapped without an interruption: a few milliseconds. */
const AT_ONCE = 50;
/** Unassigned alerts of one request that are listed, the last ones. Redis lists as many. */
const MOST_LISTED = 50;

/** A sender repeats an alert once a minute, and its end is its next repetition but three: this is for late ones, ms. */
const LATE_MS = 60_000;
const LONGEST_MS = 7 * 24 * 3_600_000;
const LOG_INTERVAL_MS = 60_000;

/**
 * The steps of received alerts: assigned to cluster and workload → compared with what is remembered → admitted → remembered. An
 * alert is remembered after its fault has been admitted. So the sender is asked to send again what did not get as far, and the
 * incident's id, which is derived from the alert, keeps it from counting twice.
 */
export class AlertIntake {
  readonly #options: AlertIntakeOptions;
  readonly #now: () => number;
  readonly #loggedAt = new Map<string, number>();

  constructor(options: AlertIntakeOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Handles the alerts of one request.
   * @param pathCluster the cluster that the address of the request names
   * @throws Error of Redis; then the sender has to send all of them again
   */
  async receive({ alerts, problems }: ParsedAlerts, pathCluster?: string): Promise<void> {
    const receivedAt = this.#now();
    const clusters = this.#options.clusters();
    const mapping = { ...this.#options.mapping(), clusters: clusters.map(({ name }) => name) };
    const counts = new Map<AlertOutcome, number>([['malformed', problems.length]]);
    const count = (outcome: AlertOutcome): void => void counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const { assigned, unassigned } = await inSlices(
      this.#assign(alerts, { mapping, pathCluster, count, received_at: new Date(receivedAt).toISOString() }),
    );
    const byCluster = Map.groupBy(assigned.values(), ({ mapped }) => mapped.cluster);
    for (const cluster of clusters) {
      const own = byCluster.get(cluster.name);
      if (own) await this.#receiveOf(cluster, own, receivedAt, count);
    }
    await this.#options.counters.note(Object.fromEntries([...counts].filter(([, by]) => by > 0)), unassigned);
  }

  /** Maps the alerts to clusters. Interruptible: a request can hold 100,000 small ones. */
  *#assign(
    alerts: readonly ReceivedAlert[],
    { mapping, pathCluster, count, received_at }: Assignment,
  ): Generator<void, { assigned: Map<string, Assigned>; unassigned: Map<string, UnassignedAlert> }> {
    const unassigned = new Map<string, UnassignedAlert>();
    const assigned = new Map<string, Assigned>();
    for (const [index, alert] of alerts.entries()) {
      if (index % AT_ONCE === 0) yield;
      const fingerprint = alertFingerprint(alert);
      const mapped = mapAlert(alert, mapping, pathCluster);
      if (typeof mapped !== 'string') {
        assigned.set(`${mapped.cluster}|${fingerprint}`, { fingerprint, alert, mapped });
        continue;
      }
      count(mapped);
      if (mapped === 'own' || mapped === 'no_fault') continue;
      unassigned.delete(fingerprint);
      unassigned.set(fingerprint, { reason: mapped, labels: alert.labels, received_at });
      const [oldest] = unassigned.keys();
      if (unassigned.size > MOST_LISTED && oldest !== undefined) unassigned.delete(oldest);
      this.#logOnce(mapped, { reason: mapped, labels: alert.labels });
    }
    return { assigned, unassigned };
  }

  async #receiveOf(
    cluster: ClusterConfig,
    assigned: Assigned[],
    receivedAt: number,
    count: (outcome: AlertOutcome) => void,
  ): Promise<void> {
    const { store, intake, logger } = this.#options;
    const { placed, problems } = await this.#place(cluster, assigned);
    const admissions: (() => Promise<void>)[] = [];
    const records: AlertRecord[] = [];
    for (const one of placed.sort(bySeverity)) {
      const { alert, known, mapped, problem, symptom, workload, fingerprint } = one;
      const row = problems.get(problem) ?? { key: problem, state: 'recovered', symptoms: [], alerts: [] };
      problems.set(problem, row);
      const change = decideAlert({
        alert: {
          resolved: alert.resolved,
          startsAt: Date.parse(alert.startsAt),
          receivedAt,
          severity: mapped.severity,
        },
        known: known && {
          state: known.state,
          startsAt: known.starts_at,
          endedAt: known.ended_at,
          receivedAt: known.received_at,
        },
        firing: highest(
          row.alerts.filter((other) => other.symptom === symptom && other.fault_type === mapped.faultType),
        ),
      });
      count(change);
      if (change === 'ignored') continue;
      const fault = faultOfAlert(alert, mapped, workload);
      if (change === 'fired') {
        const received = { source: 'subscription' as const, fault, problem, alert: plain(alert) };
        admissions.push(async () => intake.admit(cluster, received, incidentIdOf(cluster.name, fault)));
      }
      if (change === 'resolved') {
        row.alerts = row.alerts.filter((other) => other.fingerprint !== fingerprint);
        logger.info({ cluster: cluster.name, problem, fault_type: mapped.faultType }, 'alert resolved');
      } else if (!row.alerts.some((other) => other.fingerprint === fingerprint)) {
        row.alerts.push({ symptom, fingerprint, fault_type: mapped.faultType, severity: mapped.severity });
      }
      const remembered = this.#symptomOf(one, row, fault.faultId, receivedAt);
      row.symptoms = [...row.symptoms.filter((other) => symptomName(other) !== symptom), remembered];
      records.push({ fingerprint, alert: this.#stored(one, receivedAt), symptom: remembered });
    }
    await Promise.all(admissions.map(async (admit) => admit()));
    await store.record(cluster.name, records);
  }

  /** An alert that is known stays with its problem; for others, the workload tells it. */
  async #place(
    cluster: ClusterConfig,
    assigned: Assigned[],
  ): Promise<{ placed: Placed[]; problems: Map<string, AlertedProblem> }> {
    const { store, resolve } = this.#options;
    const known = await store.read(
      cluster.name,
      assigned.map(({ fingerprint }) => fingerprint),
    );
    const workloads = await Promise.all(
      assigned.map(async ({ mapped }, index) => known[index]?.workload ?? resolve(cluster, mapped.resource)),
    );
    const keys = new Set([...known.flatMap((one) => one?.problem ?? []), ...workloads.flatMap(problemKeysOf)]);
    const found = await store.problems(cluster.name, [...keys]);
    const placed = assigned.map((one, index): Placed => {
      const { mapped } = one;
      const former = known[index];
      const workload = workloads[index] ?? { name: mapped.resource.name };
      const { family, container } = former ?? mapped;
      const candidates = new Set(problemKeysOf(workload));
      const open = found.filter(({ key, state }) => state === 'firing' && candidates.has(key));
      const identity = { workload, family, container };
      const symptom = former?.symptom ?? symptomName(identity);
      // What was decided about an alert stays, also when the configuration of the labels changes.
      const kept = former && { ...mapped, resource: former.resource, family: former.family };
      const problem = former?.problem ?? problemKey(identity, open);
      return { ...one, mapped: kept ?? mapped, known: former, workload, problem, symptom };
    });
    return { placed, problems: new Map(found.map((problem) => [problem.key, problem])) };
  }

  #symptomOf(
    { alert, mapped, workload, symptom }: Placed,
    row: AlertedProblem,
    faultId: string,
    now: number,
  ): RememberedSymptom {
    const before = row.symptoms.find((other) => symptomName(other) === symptom);
    const former = before?.state === 'firing' ? before : undefined;
    const severity = highest(row.alerts.filter((other) => other.symptom === symptom)) ?? mapped.severity;
    return {
      state: 'firing',
      family: mapped.family,
      ...(mapped.container !== undefined && { container: mapped.container }),
      workload,
      fault_type: former?.fault_type ?? mapped.faultType,
      severity,
      resource: former?.resource ?? mapped.resource,
      fault_id: former?.fault_id ?? faultId,
      since: Math.min(former?.since ?? Infinity, Date.parse(alert.startsAt)),
      fired_at: former?.fired_at ?? now,
    };
  }

  #stored({ alert, known, mapped, problem, symptom, workload }: Placed, now: number): StoredAlert {
    const endsAt = alert.endsAt === undefined ? undefined : Date.parse(alert.endsAt);
    const lasting = endsAt !== undefined && endsAt > now ? endsAt + LATE_MS : now + this.#options.resolveTimeout();
    const isContinued = known?.state === 'firing' || alert.resolved;
    return {
      alert: plain(alert),
      state: alert.resolved ? 'resolved' : 'firing',
      starts_at: isContinued ? (known?.starts_at ?? now) : Date.parse(alert.startsAt),
      ...(alert.resolved && { ended_at: Math.min(endsAt ?? now, now) }),
      received_at: now,
      until: alert.resolved ? now + RESOLVED_KEPT_MS : Math.min(lasting, now + LONGEST_MS),
      problem,
      symptom,
      workload,
      family: mapped.family,
      ...(mapped.container !== undefined && { container: mapped.container }),
      fault_type: mapped.faultType,
      severity: mapped.severity,
      resource: mapped.resource,
    };
  }

  /** Logs one a minute for each reason: an alert is sent again and again. */
  #logOnce(reason: string, fields: object): void {
    const now = this.#now();
    if (now - (this.#loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return;
    this.#loggedAt.set(reason, now);
    this.#options.logger.warn(fields, 'alert not assigned to a workload');
  }
}

/** The most severe first: the others of its rule are a part of it. */
function bySeverity(one: Placed, other: Placed): number {
  return (
    SEVERITIES.indexOf(other.mapped.severity) - SEVERITIES.indexOf(one.mapped.severity) ||
    Date.parse(one.alert.startsAt) - Date.parse(other.alert.startsAt)
  );
}

function highest(alerts: readonly { severity: Severity }[]): Severity | undefined {
  const ranks = alerts.map(({ severity }) => SEVERITIES.indexOf(severity));
  return ranks.length === 0 ? undefined : SEVERITIES[Math.max(...ranks)];
}

function plain({ labels, annotations, startsAt, endsAt, generatorURL }: ReceivedAlert): Alert {
  return {
    labels,
    annotations,
    startsAt,
    ...(endsAt !== undefined && { endsAt }),
    ...(generatorURL !== undefined && { generatorURL }),
  };
}
