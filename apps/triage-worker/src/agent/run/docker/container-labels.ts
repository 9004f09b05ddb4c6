import type { RunRequest, SandboxRequest } from '../../../agent-runtime.ts';

/** An earlier version, which does not know such containers, lists and removes those of the component `agent` only. */
const PRESTARTED = 'prestarted';
/** Begins the name of a container that has no run yet. */
export const PRESTARTED_NAME = 'nightcrier-prestarted-';
/** An adopted container has a suffix after a dot, which no incident id has. */
const NAME = /^\/?nc-([^.]+)-(\d+)(?:\..*)?$/;
/** Seconds after which a container that was created is not started any more, and a probe has ended. */
const NEVER_STARTED_AFTER = 600;

type Labels = Record<string, string>;

/** Returns the name of the container of an attempt. */
export function containerName({ incidentId, attempt }: Pick<RunRequest, 'incidentId' | 'attempt'>): string {
  return `nc-${incidentId}-${attempt}`;
}

/** Returns the attempt that a container is named after, also when it was adopted since. */
export function attemptFromName(name: string): { incidentId: string; attempt: number } | undefined {
  const [, incidentId, attempt] = NAME.exec(name) ?? [];
  return incidentId === undefined ? undefined : { incidentId, attempt: Number(attempt) };
}

/**
 * Returns the labels of a container that is started before its run is known; its name tells the run then.
 * @param token of the worker's process
 */
export function prestartedLabels(request: SandboxRequest, token: string): Labels {
  return { ...sandboxLabels(request), 'nightcrier.process': token };
}

function sandboxLabels(request: SandboxRequest): Labels {
  return {
    'nightcrier.component': PRESTARTED,
    'nightcrier.instance': request.instance,
    'nightcrier.worker': request.workerId,
    'nightcrier.agent': request.agent,
    'nightcrier.timeout': String(request.timeout),
    // A container of version 0.1 wrote its output into the workspace.
    'nightcrier.output': 'held',
    'nightcrier.inputs': 'awaited',
  };
}

/**
 * Returns the labels of a container that is created for one run.
 * @param deadline Unix seconds, at the latest
 */
export function runLabels(request: RunRequest, deadline: number): Labels {
  return {
    ...sandboxLabels(request),
    'nightcrier.component': 'agent',
    'nightcrier.cluster': request.clusterName,
    'nightcrier.incident': request.incidentId,
    'nightcrier.attempt': String(request.attempt),
    'nightcrier.deadline': String(deadline),
  };
}

/** Returns the labels of a container that probes the sandbox. */
export function probeLabels({ instance }: SandboxRequest): Labels {
  return { 'nightcrier.component': 'probe', 'nightcrier.instance': instance };
}

/** The fields of a listed container that tell what it is. */
interface Labelled {
  Names: string[];
  State: string;
  /** Unix seconds. */
  Created: number;
  Labels?: Labels | null | undefined;
}

/** Returns whether a container has been given to a run, of this incident if one is given. */
export function isOfRun({ Names, Labels: labels }: Labelled, incidentId?: string): boolean {
  const component = labels?.['nightcrier.component'];
  const isWaiting = Names.some((name) => name.startsWith(`/${PRESTARTED_NAME}`));
  if (component !== 'agent' && (component !== PRESTARTED || isWaiting)) return false;
  if (incidentId === undefined || labels?.['nightcrier.incident'] === incidentId) return true;
  return Names.some((name) => attemptFromName(name)?.incidentId === incidentId);
}

/**
 * Returns whether a container that was given to no run has ended, was never started, or waits for a run of a worker that died.
 * @param workers tokens of the processes of all that have not died
 */
export function isUnused(container: Labelled, workers?: ReadonlySet<string>): boolean {
  if (isOfRun(container)) return false;
  const worker = container.Labels?.['nightcrier.process'];
  if (worker !== undefined && workers?.has(worker) === false) return true;
  const isOld = container.Created < Date.now() / 1000 - NEVER_STARTED_AFTER;
  // Another worker may be reading the output of a probe that has just ended.
  if (container.Labels?.['nightcrier.component'] === 'probe') return isOld;
  return container.State === 'exited' || (container.State === 'created' && isOld);
}
