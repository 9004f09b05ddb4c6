import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { KubernetesObject } from '@nightcrier/simulator/kubernetes/objects/kubernetes-object';
import { z } from 'zod';
import type { Alert } from '../../src/evidence/evidence.ts';
import type { EvalCase } from '../eval-case.ts';

/** What is read of a recorded case. Everything else in the file (services of the nodes, connectivity, category) is no API. */
const RecordedCase = z.object({
  id: z.string(),
  system: z.string(),
  namespace: z.string(),
  takenAt: z.string(),
  objects: z.array(KubernetesObject),
  events: z.array(KubernetesObject),
  logs: z.record(z.string(), z.object({ current: z.string().optional(), previous: z.string().optional() })).default({}),
  alerts: z.object({ alerts: z.array(z.record(z.string(), z.unknown())).optional() }).nullish(),
});

const Truths = z.record(z.string(), z.object({ fault_object: z.string(), root_cause: z.string(), case: z.number() }));

/** The names of the cases of a directory of recorded cases. */
export function listRecorded(directory: string): string[] {
  return Object.keys(readTruths(directory)).sort();
}

/** Reads a case `ID.json.gz` and its truth out of `truth.json`. */
export function readRecorded(directory: string, id: string): EvalCase {
  const recorded = RecordedCase.parse(
    JSON.parse(gunzipSync(readFileSync(path.join(directory, `${id}.json.gz`))).toString()),
  );
  const truth = readTruths(directory)[id];
  if (truth === undefined) throw new Error(`${directory}/truth.json has no entry ${id}`);
  const takenAt = new Date(recorded.takenAt);
  const logs = recorded.objects.flatMap(({ kind, metadata }) => {
    if (kind !== 'Pod') return [];
    return Object.entries(recorded.logs).flatMap(([key, log]) => {
      const [pod, container = ''] = key.split('/');
      return pod === metadata.name ? [{ uid: metadata.uid ?? '', container, ...log }] : [];
    });
  });
  const [kind, name = ''] = truth.fault_object.split('/');
  return {
    id,
    system: recorded.system,
    half: Math.floor(truth.case / 2) % 2 === 0 ? 'a' : 'b',
    state: {
      takenAt,
      objects: [...recorded.objects, ...recorded.events],
      logs,
      alerts: (recorded.alerts?.alerts ?? []).flatMap((alert) => asAlerts(alert, recorded.namespace, takenAt)),
    },
    truth: { cause: truth.root_cause, culprit: { kind: kind === 'node' || kind === 'namespace' ? kind : 'app', name } },
  };
}

const cache = new Map<string, z.infer<typeof Truths>>();

function readTruths(directory: string): z.infer<typeof Truths> {
  const known =
    cache.get(directory) ?? Truths.parse(JSON.parse(readFileSync(path.join(directory, 'truth.json'), 'utf8')));
  cache.set(directory, known);
  return known;
}

const Anomaly = z.object({
  type: z.string(),
  name: z.string(),
  time_range: z.string().optional(),
  evidence: z.array(z.string()),
});
const FailedRequest = z.object({
  request_method: z.string(),
  business_action: z.string(),
  entry_service: z.string(),
  url: z.string(),
  occurrences: z.number(),
  raw_error: z.string(),
});

/** An alert of the data as Alertmanager's API would show it: one for each line of evidence, named by its first word. */
function asAlerts(alert: Record<string, unknown>, namespace: string, takenAt: Date): Alert[] {
  const anomaly = Anomaly.safeParse(alert);
  if (anomaly.success) {
    const { type, name, evidence, time_range: range } = anomaly.data;
    const startsAt = startOf(range) ?? takenAt;
    return evidence.map((line) => ({
      labels: {
        alertname: /^[A-Z_]+/.exec(line)?.[0] ?? 'Anomaly',
        severity: 'warning',
        ...(type === 'Node' ? { node: name } : { namespace, service: name }),
      },
      annotations: { description: line },
      startsAt: startsAt.toISOString(),
    }));
  }
  const request = FailedRequest.safeParse(alert);
  if (!request.success) return [];
  const { request_method, url, entry_service, raw_error, occurrences, business_action } = request.data;
  return [
    {
      labels: { alertname: 'HTTPRequestErrors', severity: 'warning', namespace, service: entry_service },
      annotations: {
        summary: `${business_action}: ${raw_error}`,
        description: `${request_method} ${url}: ${raw_error} (${String(occurrences)} times)`,
      },
      startsAt: takenAt.toISOString(),
    },
  ];
}

/** The ranges are local times of the recording, eight hours ahead of UTC. */
function startOf(range: string | undefined): Date | undefined {
  const start = range?.split(' ~ ')[0];
  const time = start ? new Date(`${start.replace(' ', 'T')}+08:00`) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time : undefined;
}
