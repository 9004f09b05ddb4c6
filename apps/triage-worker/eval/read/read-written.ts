import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { faultFingerprint, type FaultEvent } from '@nightcrier/core/faults/fault';
import type { Severity } from '@nightcrier/core/faults/severity';
import { applyScenario } from '@nightcrier/simulator/apply-scenario';
import { PodLogs } from '@nightcrier/simulator/kubernetes/api/pod-log';
import { ObjectStore } from '@nightcrier/simulator/kubernetes/objects/object-store';
import { RESOURCE_TYPES } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { loadScenario, parseScenario, type ScenarioEvent } from '@nightcrier/simulator/scenario';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { EvalCase } from '../eval-case.ts';
import { CaseFile } from './case-file.ts';
import { expandObjects } from './expand-case.ts';

/** Types that a server detects itself; all others are reasons of Events. */
const SERVER_TYPES: Record<string, Severity> = {
  PodCrash: 'warning',
  CrashLoop: 'critical',
  NodeUnhealthy: 'warning',
  DeploymentFailure: 'critical',
  JobFailure: 'critical',
};

export function listWritten(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Reads a case that was written by hand: the healthy cluster of the simulator, and what the case says of a workload in it. */
export function readWritten(directory: string, id: string): EvalCase {
  const file = CaseFile.parse(parse(readFileSync(path.join(directory, `${id}.yaml`), 'utf8')));
  const { namespace, name } = file;
  const objects = expandObjects(file);
  const scenario = parseScenario(
    stringify(
      {
        summary: id,
        rootCause: file.expected,
        defaults: { namespace, name },
        objects,
        events: eventsOf(file),
        logs: logsOf(file),
      },
      { lineWidth: 0, aliasDuplicateObjects: false },
    ),
    id,
  );
  const store = new ObjectStore();
  const podLogs = new PodLogs();
  const now = new Date();
  applyScenario(loadScenario('baseline'), { cluster: id, now }, store, podLogs);
  const applied = applyScenario(scenario, { cluster: id, now }, store, podLogs);
  const about = applied.objects[Object.keys(objects).indexOf(file.fault.about)];
  if (about === undefined) throw new Error(`case ${id}: there is no object ${file.fault.about}`);
  const uid = z.string().parse(about.metadata.uid);
  const resource = {
    apiVersion: about.apiVersion,
    kind: about.kind,
    name: about.metadata.name,
    uid,
    ...(about.metadata.namespace && { namespace: about.metadata.namespace }),
  };
  const { type, container } = file.fault;
  const isEvent = !(type in SERVER_TYPES);
  const fault: FaultEvent = {
    faultId: faultFingerprint(id, type, resource, container),
    faultType: type,
    severity: file.fault.severity ?? SERVER_TYPES[type] ?? 'warning',
    resource,
    ...(isEvent && container && { container }),
    context: file.fault.context ?? scenario.events.find(({ reason }) => reason === type)?.message ?? type,
    timestamp: now.toISOString(),
  };
  const pattern = (text: string) => new RegExp(text, 'i');
  return {
    id,
    system: 'written',
    half: id.length % 2 === 0 ? 'a' : 'b',
    state: {
      takenAt: now,
      objects: RESOURCE_TYPES.filter(({ virtual }) => !virtual).flatMap((kind) => store.list(kind)),
      logs: logsIn(applied.objects, scenario.logs, Object.keys(objects)),
      alerts: [],
      fault,
    },
    truth: { cause: file.cause ?? '', right: file.right.map(pattern), misleading: file.misleading.map(pattern) },
  };
}

function logsIn(
  objects: { metadata: { uid?: string | undefined } }[],
  logs: { about: string; container: string; current?: string | undefined; previous?: string | undefined }[],
  keys: string[],
) {
  return logs.map(({ about, container, current, previous }) => ({
    uid: objects[keys.indexOf(about)]?.metadata.uid ?? '',
    container,
    current,
    previous,
  }));
}

function eventsOf(file: CaseFile): ScenarioEvent[] {
  const events = file.events.map(parseEvent);
  if (file.unschedulable !== undefined && !events.some(({ reason }) => reason === 'FailedScheduling')) {
    events.push({
      about: 'pod',
      type: 'Warning',
      reason: 'FailedScheduling',
      message: file.unschedulable,
      count: 4,
      first: file.age,
      last: '1m',
      from: 'default-scheduler',
    });
  }
  return events;
}

/** `pod/app W BackOff x12 8m>10s kubelet: message`: object and container, type, reason, count, first and last time, source. */
function parseEvent(text: string): ScenarioEvent {
  const match =
    /^([\w-]+)(?:\/([\w.-]+))? ([WN]) (\w+)(?: x(\d+))? (\d+[smhd])(?:>(\d+[smhd]))? ([\w.-]+): ([\s\S]*)$/.exec(text);
  if (!match) throw new Error(`this is no event: ${text}`);
  const [, about = '', container, type, reason = '', count = '1', first = '', last, from = '', message = ''] = match;
  return {
    about,
    ...(container && { container }),
    type: type === 'W' ? 'Warning' : 'Normal',
    reason,
    message,
    count: Number(count),
    first,
    ...(last && { last }),
    from,
    ...(from === 'kubelet' && { host: 'node-2' }),
  };
}

function logsOf(file: CaseFile) {
  const own = [...(file.init ?? []), ...(file.containers ?? [])].flatMap(({ name, logs }) =>
    logs ? [{ about: 'pod', container: name, ...logs }] : [],
  );
  const others = Object.entries(file.logs).map(([key, log]) => {
    const [about = '', container = ''] = key.split('/');
    return { about, container, ...log };
  });
  return [...own, ...others];
}
