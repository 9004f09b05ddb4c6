import type { V1Probe } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { SeenEvent } from '../../../evidence/view/cluster-view.ts';
import type { ContainerCase, PodCase } from '../../pod-case.ts';

export type ProbeKind = 'Liveness' | 'Readiness' | 'Startup';

/** A probe that fails, with what the kubelet says of it. */
export interface FailingProbe {
  kind: ProbeKind;
  container: ContainerCase;
  spec: Wire<V1Probe>;
  events: SeenEvent[];
  message: string;
}

/** The failures of one kind of probe of a container, the newest first. */
export function failingProbe(podCase: PodCase, container: ContainerCase, kind: ProbeKind): FailingProbe | undefined {
  const events = podCase.events.filter(
    ({ reason, message, event }) =>
      /^(Unhealthy|ProbeWarning)$/.test(reason) &&
      message.startsWith(`${kind} probe`) &&
      isAbout(event.involvedObject?.fieldPath, container.name),
  );
  const { spec } = container;
  const probe =
    kind === 'Liveness' ? spec.livenessProbe : kind === 'Readiness' ? spec.readinessProbe : spec.startupProbe;
  const [newest] = events;
  if (newest === undefined) return undefined;
  return { kind, container, spec: probe ?? {}, events, message: newest.message };
}

/** Whether the kubelet ends the container because of a probe, whatever the exit code. */
export function killedByProbe({ events }: PodCase, container: ContainerCase): 'Liveness' | 'Startup' | undefined {
  const killing = events.find(
    ({ reason, message }) =>
      reason === 'Killing' &&
      /failed (liveness|startup) probe/.test(message) &&
      message.includes(` ${container.name} `),
  );
  if (killing) return killing.message.includes('startup') ? 'Startup' : 'Liveness';
  return undefined;
}

/** The port that a probe asks, as a number where it can be known. */
export function portOf({ httpGet, tcpSocket, grpc }: Wire<V1Probe>, container: ContainerCase): number | undefined {
  const port: unknown = httpGet?.port ?? tcpSocket?.port ?? grpc?.port;
  if (typeof port === 'number') return port;
  if (typeof port === 'string' && /^\d+$/.test(port)) return Number(port);
  return (container.spec.ports ?? []).find(({ name }) => name === port)?.containerPort;
}

/** How a probe reads: `GET http :8080/healthz`, `grpc :9090`, `tcp :5432`, `exec …`. */
export function describeProbe({ httpGet, tcpSocket, grpc, exec }: Wire<V1Probe>): string {
  if (httpGet)
    return `GET ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://:${String(httpGet.port)}${httpGet.path ?? '/'}`;
  if (grpc) return `grpc :${String(grpc.port)}`;
  if (tcpSocket) return `tcp :${String(tcpSocket.port)}`;
  return exec ? `exec ${(exec.command ?? []).join(' ')}` : 'probe';
}

function isAbout(fieldPath: string | undefined, container: string): boolean {
  return fieldPath === undefined || !fieldPath.includes('{') || fieldPath.includes(`{${container}}`);
}
