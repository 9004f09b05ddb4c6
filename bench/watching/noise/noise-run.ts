import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { ClusterDetection } from '@nightcrier/cluster/detection/cluster-detection';
import { listParsed } from '@nightcrier/cluster/detection/detect-history';
import { KINDS, WATCHED_KINDS } from '@nightcrier/cluster/detection/objects/kinds';
import { type WatermarkMemory, WatermarkTracker } from '@nightcrier/cluster/backfill/watermark';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { DiagnosisSummary } from '@nightcrier/core/diagnosis/diagnosis';
import { auditBooks } from '@nightcrier/core/incidents/books';
import { workloadByName } from '@nightcrier/core/problems/problem-key';
import { silentLogger } from '@nightcrier/core/logger';
import type { Remembered } from '@nightcrier/cluster/detection/known-symptoms';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { NoiseLedger } from './noise-ledger.ts';
import { NoisyCluster, type KubernetesObject } from './noisy-cluster.ts';

export interface NoiseSettings {
  redisUrl: string;
  clusters: number;
  /** `before`: the rules of versions without a life of problems: fingerprint, window, and group of one type and workload. */
  rules: 'before' | 'now';
  /** Ingesters and workers die between two of their steps again and again, and Redis is killed. */
  disturbance?: { killRedis: () => Promise<void> };
}

/** Seconds between two steps. */
const STEP = 30;
/** The noise, and then calm in which everything recovers, minutes. */
const MINUTES = 55;
/** With a disturbance, processes die in every so many steps. */
const DEATH_STEPS = 7;
/** Afterwards they live, because a detector that dies counts the time to a recovery anew; minutes. */
const DEATHS_END = 31;
/** How long an investigation takes, s. */
const INVESTIGATION = 90;
const START = Date.parse('2026-03-01T12:00:00Z');
const ADMISSION = {
  global_queue_size: 100_000,
  cluster_queue_size: 0,
  queue_overflow_policy: 'drop',
  dedup_window_seconds: 300,
  grouping: 'workload',
  reopen_window: 3_600,
  reinvestigate_after: 21_600,
  storm_threshold: 10,
} as const;

/** The clusters were never watched before. */
const NO_WATERMARKS: WatermarkMemory = {
  read: async () => undefined,
  write: () => undefined,
  known: async (sightings) => sightings.map(() => false),
};

interface Watched {
  cluster: NoisyCluster;
  detection: ClusterDetection;
  token: number;
  unwritten: Map<string, Map<string, Remembered['symptom']>>;
}

/** Plays the noise through detection, admission, problems and outbox, over a real Redis and an injected clock. */
export async function playNoise({ redisUrl, clusters, rules, disturbance }: NoiseSettings) {
  const key_prefix = `noise-${randomUUID()}`;
  const redis = connectProducer({ url: redisUrl, key_prefix }, silentLogger);
  await once(redis, 'ready');
  const clock = { ms: START };
  const now = (): number => clock.ms;
  const state = openState(redis, { key_prefix, logger: silentLogger, now });
  const queue = state.openQueue();
  const admission = state.openAdmission(queue, ADMISSION);
  const storms = state.openStorms(admission);
  const ledger = new NoiseLedger();
  const names = Array.from({ length: clusters }, (_, at) => `cluster-${at}`);
  const leases = state.openLeases({ id: 'noise', now, length: MINUTES * 120_000 });
  const tokens = await leases.take(new Map(names.map((name) => [name, 0])));
  const admitting: Promise<unknown>[] = [];
  let isDying = false;
  const admit = async (event: ClusterEvent): Promise<void> => {
    const id = randomUUID();
    await admission.admit(rules === 'now' ? event : withoutProblem(event), id);
    // The reply was lost, and the next ingester sends it again from the spool.
    if (isDying) await admission.admit(rules === 'now' ? event : withoutProblem(event), id);
  };
  const startIngester = async (): Promise<Watched[]> => {
    const load = async (name: string): Promise<Remembered[]> =>
      (await state.problems.list(name)).flatMap(({ key, symptoms }) =>
        symptoms.map((symptom) => ({ problem: key, symptom })),
      );
    const seenUntil = clock.ms === START ? undefined : clock.ms;
    const all = names.map((name) =>
      watch(name, {
        token: tokens.get(name) ?? 0,
        now,
        load: () => load(name),
        seenUntil,
        admit: (event) => admitting.push(admit(event)),
      }),
    );
    for (const one of all) await one.detection.begin(one.cluster.name);
    return all;
  };
  let watched = await startIngester();
  const started = new Map<string, number>();
  for (let second = STEP; second <= MINUTES * 60; second += STEP) {
    clock.ms = START + second * 1_000;
    isDying = disturbance !== undefined && second < DEATHS_END * 60 && (second / STEP) % DEATH_STEPS === 0;
    for (const one of watched) {
      observe(one, second / 60, clock.ms);
      for (const fault of one.cluster.pushed((second - STEP) / 60, second / 60)) {
        const problem = one.detection.pushed(fault);
        admitting.push(admit(eventOf(one.cluster.name, fault, problem, clock.ms)));
      }
    }
    await Promise.all(admitting.splice(0));
    // The ingester dies after it has admitted, and before it has written what it found.
    if (isDying) watched = await startIngester();
    else await writeProblems(state, leases, watched);
    if (isDying) await disturbance?.killRedis();
    if (redis.status !== 'ready') await once(redis, 'ready');
    await investigate(state, queue, clock.ms, started, ledger, rules);
    if (rules === 'now') {
      await state.problems.sweep(ADMISSION.reopen_window * 1_000);
      await storms.decide();
    }
    for (const due of await state.problemOutbox.due()) {
      ledger.deliver(due.notification);
      // The worker dies after it has sent, and before it has noted that.
      if (!isDying) await state.problemOutbox.taken(due);
    }
    await turn();
  }
  const books = auditBooks(await state.intake.read());
  const figures = ledger.figures(names, books.total.received);
  await queue.obliterate({ force: true });
  await queue.close();
  await disconnect(redis);
  return {
    ...figures,
    bot_messages: rules === 'now' ? figures.bot_messages : ledger.ends,
    balanced: books.balanced,
    off: books.off,
  };
}

interface WatchOptions {
  token: number;
  now: () => number;
  load: () => Promise<Remembered[]>;
  /** Until when the cluster was watched before, ms since the epoch. */
  seenUntil: number | undefined;
  admit: (event: ClusterEvent) => void;
}

function watch(name: string, { token, now, load, seenUntil, admit }: WatchOptions): Watched {
  const unwritten: Watched['unwritten'] = new Map();
  const note = (problem: string): Map<string, Remembered['symptom']> => {
    const symptoms = unwritten.get(problem) ?? new Map<string, Remembered['symptom']>();
    unwritten.set(problem, symptoms);
    return symptoms;
  };
  const detection: ClusterDetection = new ClusterDetection({
    clusterName: name,
    memory: {
      load,
      save: (changed) => {
        for (const { problem, symptom } of changed)
          note(problem).set(`${symptom.container ?? '-'}/${symptom.family}`, symptom);
      },
      confirm: (problems) => void problems.map(note),
    },
    watermark: new WatermarkTracker({
      ...NO_WATERMARKS,
      read: async () => (seenUntil === undefined ? undefined : { at: seenUntil, blindMs: 0 }),
    }),
    incidents: NO_WATERMARKS,
    logger: silentLogger,
    now,
    onFault: ({ fault, problem }) =>
      admit({ ...eventOf(name, fault, problem, now()), ...detection.detector.placeOf(fault.resource) }),
  });
  return { cluster: new NoisyCluster(name, START), detection, token, unwritten };
}

function eventOf(cluster_name: string, event: ClusterEvent['event'], problem: string, ms: number): ClusterEvent {
  const received_at = new Date(ms).toISOString();
  return { cluster_name, labels: {}, event, source: 'subscription', problem, received_at };
}

function withoutProblem({ problem: _problem, ...event }: ClusterEvent): ClusterEvent {
  return event;
}

/** Lists the whole cluster, as a poll does. */
function observe({ cluster, detection }: Watched, minute: number, ms: number): void {
  const objects = cluster.objects(minute);
  for (const kind of WATCHED_KINDS) {
    const { kind: name } = KINDS[kind];
    listParsed(
      detection.detector,
      kind,
      objects.filter((object: KubernetesObject) => Reflect.get(object, 'kind') === name),
      ms,
    );
  }
  detection.report('poll');
}

async function writeProblems(
  state: State,
  leases: ReturnType<State['openLeases']>,
  watched: readonly Watched[],
): Promise<void> {
  const changes = watched.flatMap(({ cluster, token, unwritten }) => {
    const found = [...unwritten].map(([problem, symptoms]) => ({
      cluster: cluster.name,
      token,
      problem,
      symptoms: [...symptoms.values()],
    }));
    unwritten.clear();
    return found;
  });
  await state.problems.write(leases, changes);
}

/** Ends what has been investigated for long enough, with a report. */
async function investigate(
  state: State,
  queue: ReturnType<State['openQueue']>,
  ms: number,
  started: Map<string, number>,
  ledger: NoiseLedger,
  rules: NoiseSettings['rules'],
): Promise<void> {
  const { incidents } = await state.incidents.list({ state: 'queued', limit: 5_000 });
  for (const { incident_id: id } of incidents) {
    started.set(id, ms);
    await state.incidents.begin(id);
  }
  for (const [id, at] of started) {
    if (ms - at < INVESTIGATION * 1_000) continue;
    started.delete(id);
    const incident = await state.incidents.get(id);
    if (!incident) continue;
    ledger.investigated();
    const { cluster_name, event } = incident.cluster_event;
    const report = {
      title: event.faultType,
      summary: 's',
      root_cause: 'c',
      recommendations: [],
      diagnosis: diagnosisOf(event),
    };
    await state.incidents.finish(id, { state: 'reported', report, notify: 'incident_resolved' });
    await (await queue.getJob(id))?.remove();
    if (rules === 'before') ledger.deliverEnd(cluster_name, workloadByName(event.resource).name);
  }
}

/** A pod that no node takes has its cause in the node that is away; every other fault has one of its own. */
function diagnosisOf({ faultType, resource }: ClusterEvent['event']): DiagnosisSummary {
  const isNode = faultType === 'Unschedulable' || resource.kind === 'Node';
  const culprit = isNode ? { kind: 'Node', name: 'node-7' } : { kind: resource.kind, name: resource.name };
  return {
    version: 1,
    determined: true,
    hypotheses: [{ cause: isNode ? 'node_not_ready' : 'application_error', culprit, confidence: 90, title: faultType }],
  };
}
