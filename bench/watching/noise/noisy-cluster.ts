import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { faultFingerprint } from '@nightcrier/core/faults/fault';

/** A Kubernetes object as the API serves it. */
export type KubernetesObject = object;

/** A problem that really exists, for the ledger: what is wrong and when. Minutes since the start. */
export interface TrueProblem {
  workload: string;
  from: number;
  to: number;
}

const CRASH_LOOPS = 5;
const FLEET = 60;
/** The system is noisy until then, minutes. */
const NOISY = 30;

const NODE = { name: 'node-7', away: [5, 20] } as const;
const BROKEN = { rollouts: [2, 10, 18], fixed: 26 } as const;
const FIXED_CRASHES = 28;
const LAST_FAILED_RUN = 27;
/** The probe fails and passes for so long each, minutes. */
const FLAP = 3;

/** Every problem that the cluster has, by workload. */
export const TRUE_PROBLEMS: readonly TrueProblem[] = [
  ...range(CRASH_LOOPS).map((at) => ({ workload: `crash-${at}`, from: 1, to: FIXED_CRASHES })),
  { workload: 'broken', from: BROKEN.rollouts[0], to: BROKEN.fixed },
  { workload: 'report', from: 1, to: LAST_FAILED_RUN + 1 },
  { workload: `Node/${NODE.name}`, from: NODE.away[0], to: NODE.away[1] },
  ...range(FLEET).map((at) => ({ workload: `fleet-${at}`, from: NODE.away[0] + 1, to: NODE.away[1] })),
  { workload: 'flappy', from: 1, to: NOISY },
];

/** One cluster of the noise experiment: what its API serves, and what its MCP server pushes, at each time. */
export class NoisyCluster {
  readonly name: string;
  readonly #start: number;

  /** @param start ms since the epoch */
  constructor(name: string, start: number) {
    this.name = name;
    this.#start = start;
  }

  /** All objects of the cluster at a time, minutes since the start. */
  objects(minute: number): KubernetesObject[] {
    return [
      ...this.#crashing(minute),
      ...this.#broken(minute),
      ...this.#cronJob(minute),
      ...this.#fleet(minute),
      ...this.#flappy(minute),
    ];
  }

  /** The faults that the server pushes between two times: each crash of a pod, each failed Job, each failed rollout. */
  pushed(from: number, to: number): FaultEvent[] {
    const faults: FaultEvent[] = [];
    const due = (at: number): boolean => at > from && at <= to;
    for (let minute = Math.floor(from); minute <= to; minute += 1) {
      if (!due(minute)) continue;
      for (const at of range(CRASH_LOOPS)) {
        if (minute < 1 || minute >= FIXED_CRASHES) continue;
        const type = minute % 2 === 0 ? 'CrashLoop' : 'PodCrash';
        faults.push(this.#fault(type, 'Pod', this.#podOf(`crash-${at}`, minute), minute, 'exit code 1'));
      }
      const rollout = BROKEN.rollouts.findLast((one) => one <= minute);
      if (rollout !== undefined && minute < BROKEN.fixed) {
        faults.push(this.#fault('CrashLoop', 'Pod', `broken-${hash(rollout)}-abcde`, minute, 'exit code 3'));
        if (minute === rollout + 2)
          faults.push(this.#fault('DeploymentFailure', 'Deployment', 'broken', minute, 'not progressing'));
      }
      if (minute >= 1 && minute <= LAST_FAILED_RUN)
        faults.push(this.#fault('JobFailure', 'Job', `report-${28_000_000 + minute}`, minute, 'BackoffLimitExceeded'));
      if (minute === NODE.away[0] + 1)
        faults.push(this.#fault('NodeUnhealthy', 'Node', NODE.name, minute, 'Kubelet stopped posting node status'));
    }
    return faults;
  }

  #fault(faultType: string, kind: string, name: string, minute: number, context: string): FaultEvent {
    const apiVersion = { Pod: 'v1', Node: 'v1', Job: 'batch/v1' }[kind] ?? 'apps/v1';
    const resource = { apiVersion, kind, name, uid: uidOf(kind, name), ...(kind !== 'Node' && { namespace: 'shop' }) };
    const faultId = faultFingerprint(this.name, faultType, resource);
    return {
      faultId,
      faultType,
      severity: kind === 'Pod' ? 'warning' : 'critical',
      resource,
      context,
      timestamp: this.#time(minute),
    };
  }

  /** A pod is replaced every five minutes. */
  #podOf(workload: string, minute: number): string {
    return `${workload}-${hash(1)}-${suffix(Math.floor(minute / 5))}`;
  }

  #crashing(minute: number): KubernetesObject[] {
    return range(CRASH_LOOPS).flatMap((at) => {
      const workload = `crash-${at}`;
      const isFixed = minute >= FIXED_CRASHES;
      const pod = isFixed ? `${workload}-${hash(2)}-fixed` : this.#podOf(workload, minute);
      const isRunning = isFixed || Math.round(minute * 2) % 2 === 0;
      const state = isRunning
        ? { running: { startedAt: this.#time(minute) } }
        : { waiting: { reason: 'CrashLoopBackOff' } };
      const last = {
        lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: this.#time(Math.floor(minute)) } },
      };
      const status = {
        name: 'app',
        ready: isRunning,
        restartCount: isFixed ? 0 : 3 + Math.floor(minute),
        state,
        ...(!isFixed && last),
      };
      return this.#workload(workload, pod, isFixed ? 2 : 1, status, minute);
    });
  }

  #broken(minute: number): KubernetesObject[] {
    const rollout = BROKEN.rollouts.findLast((one) => one <= minute);
    if (rollout === undefined || minute >= BROKEN.fixed) {
      const status = { name: 'app', ready: true, restartCount: 0, state: { running: { startedAt: this.#time(0) } } };
      return this.#workload('broken', `broken-${hash(99)}-abcde`, 99, status, 0);
    }
    const last = { terminated: { exitCode: 3, reason: 'Error', finishedAt: this.#time(Math.floor(minute)) } };
    const status = {
      name: 'app',
      ready: false,
      restartCount: 2 + Math.floor(minute - rollout),
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: last,
    };
    return this.#workload('broken', `broken-${hash(rollout)}-abcde`, rollout, status, rollout);
  }

  #cronJob(minute: number): KubernetesObject[] {
    const run = Math.min(Math.floor(minute), LAST_FAILED_RUN);
    const succeeded = minute > LAST_FAILED_RUN + 1 ? { lastSuccessfulTime: this.#time(Math.floor(minute)) } : {};
    const cronJob = this.#object('batch/v1', 'CronJob', 'report', {
      spec: { schedule: '* * * * *' },
      status: { lastScheduleTime: this.#time(Math.floor(minute)), ...succeeded },
    });
    if (run < 1) return [cronJob];
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'report', uid: uidOf('CronJob', 'report') };
    const failed = {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      lastTransitionTime: this.#time(run),
    };
    const job = this.#object(
      'batch/v1',
      'Job',
      `report-${28_000_000 + run}`,
      { status: { conditions: [failed] } },
      owner,
    );
    return [cronJob, job];
  }

  /** A node that goes away; its pods are evicted at once, and no other node takes them. */
  #fleet(minute: number): KubernetesObject[] {
    const isAway = minute >= NODE.away[0] && minute < NODE.away[1];
    const ready = {
      type: 'Ready',
      status: isAway ? 'Unknown' : 'True',
      reason: 'NodeStatusUnknown',
      lastTransitionTime: this.#time(isAway ? NODE.away[0] : 0),
    };
    const node = this.#object('v1', 'Node', NODE.name, { status: { conditions: [ready] } });
    const pods = range(FLEET).flatMap((at) => {
      const name = `fleet-${at}`;
      const pod = `${name}-${hash(1)}-${isAway ? 'zzzzz' : 'abcde'}`;
      if (!isAway) {
        const status = { name: 'app', ready: true, restartCount: 0, state: { running: { startedAt: this.#time(0) } } };
        return this.#workload(name, pod, 1, status, 0, 'fleet');
      }
      const unschedulable = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/3 nodes are available',
        lastTransitionTime: this.#time(NODE.away[0]),
      };
      return this.#workload(name, pod, 1, undefined, NODE.away[0], 'fleet', [unschedulable]);
    });
    return [node, ...pods];
  }

  #flappy(minute: number): KubernetesObject[] {
    const isFailing = minute >= 1 && minute < NOISY && Math.floor((minute - 1) / FLAP) % 2 === 0;
    const since = isFailing ? 1 + Math.floor((minute - 1) / FLAP) * FLAP : 0;
    const status = {
      name: 'app',
      ready: !isFailing,
      restartCount: 0,
      state: { running: { startedAt: this.#time(0) } },
    };
    const ready = {
      type: 'Ready',
      status: isFailing ? 'False' : 'True',
      reason: 'ContainersNotReady',
      lastTransitionTime: this.#time(since),
    };
    return this.#workload('flappy', `flappy-${hash(1)}-abcde`, 1, status, 0, 'shop', [ready]);
  }

  /** A Deployment with one pod. */
  #workload(
    name: string,
    pod: string,
    revision: number,
    status: object | undefined,
    created: number,
    namespace = 'shop',
    conditions: object[] = [],
  ): KubernetesObject[] {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: uidOf('Deployment', name) };
    const replicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${name}-${hash(revision)}`,
      uid: uidOf('ReplicaSet', `${name}-${hash(revision)}`),
    };
    const isReady = status !== undefined && Reflect.get(status, 'ready') === true;
    const container = { name: 'app', image: `registry.example/${name}:1` };
    const replicas = {
      spec: { replicas: 1 },
      status: { replicas: 1, readyReplicas: isReady ? 1 : 0, observedGeneration: 1 },
    };
    return [
      this.#object('apps/v1', 'Deployment', name, replicas, undefined, namespace),
      this.#object('apps/v1', 'ReplicaSet', replicaSet.name, replicas, deployment, namespace),
      this.#object(
        'v1',
        'Pod',
        pod,
        {
          spec: { containers: [container], ...(status && { nodeName: namespace === 'fleet' ? NODE.name : 'node-1' }) },
          status: { phase: status ? 'Running' : 'Pending', conditions, ...(status && { containerStatuses: [status] }) },
        },
        replicaSet,
        namespace,
        created,
      ),
    ];
  }

  #object(
    apiVersion: string,
    kind: string,
    name: string,
    content: object,
    owner?: object,
    namespace = 'shop',
    created = -600,
  ): KubernetesObject {
    return {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(kind !== 'Node' && { namespace }),
        uid: uidOf(kind, name),
        creationTimestamp: this.#time(created),
        ...(owner && { ownerReferences: [{ ...owner, controller: true }] }),
      },
      ...content,
    };
  }

  #time(minute: number): string {
    return new Date(this.#start + minute * 60_000).toISOString();
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

/** As a controller generates it, of the alphabet without vowels. */
function hash(seed: number): string {
  return `7d4b9c${['b', 'c', 'd', 'f', 'g', 'h'][seed % 6]}${['2', '4', '5', '6', '7', '8'][Math.floor(seed / 6) % 6]}`;
}

function suffix(seed: number): string {
  return `x2v${['b', 'c', 'd', 'f', 'g', 'h'][seed % 6]}${['q', 'r', 's', 't', 'w', 'x'][Math.floor(seed / 6) % 6]}`;
}

function uidOf(kind: string, name: string): string {
  return `uid-${kind.toLowerCase()}-${name}`;
}
