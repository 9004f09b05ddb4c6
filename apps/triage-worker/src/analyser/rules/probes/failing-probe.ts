import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { firstComplaint } from '../../logs/log-cause.ts';
import type { ContainerCase, PodCase } from '../../pod-case.ts';
import { quoteContainer, quoteEvents, quoteField, quoteLogEnd } from '../../quotes.ts';
import type { PodRule } from '../../rule.ts';
import { editTemplate } from '../../fixes/edit-template.ts';
import { code, plain, show } from '../../safe-text.ts';
import {
  describeProbe,
  failingProbe,
  killedByProbe,
  portOf,
  type FailingProbe,
  type ProbeKind,
} from './probe-events.ts';

/** The other side speaks, but another language. Messages of Go net/http, crypto/tls and grpc. */
const OTHER_PROTOCOL =
  /malformed HTTP|HTTP\/1\.x transport connection broken|server gave HTTP response to HTTPS client|first record does not look like a TLS handshake|HTTP request to an HTTPS server|http2: frame too large|error reading server preface|unexpected HTTP status code|does not implement the grpc health|unknown service grpc\.health|invalid http version/i;
const NO_ANSWER =
  /connection refused|failed to connect service|i\/o timeout|Client\.Timeout|context deadline exceeded|connect: |timeout:|EOF|connection reset/i;
const STATUS = /statuscode: (\d{3})/;
/** The proxies of Istio and Linkerd take probes over: their ports are none of the application. */
const MESH_PORTS: ReadonlySet<number> = new Set([15020, 15021, 4191]);
/** Events of a start are no sign that the probe fails now. */
const RECENT_MS = 5 * 60_000;

/** A container that a probe ends, or that runs and does not become ready. */
export const probeFails: PodRule = (podCase) => {
  for (const container of podCase.containers) {
    const kill = killedByProbe(podCase, container);
    const probe = kill && failingProbe(podCase, container, kill);
    if (kill && isRelevantKill(podCase, container)) return diagnoseProbe(podCase, container, kill, probe);
  }
  if (isPodReady(podCase.pod) || hasEndedByItself(podCase)) return undefined;
  for (const kind of ['Startup', 'Readiness', 'Liveness'] as const) {
    for (const container of podCase.containers) {
      const probe =
        container.status.state?.running && container.status.ready === false
          ? failingProbe(podCase, container, kind)
          : undefined;
      if (probe && isNow(podCase, probe)) return diagnoseProbe(podCase, container, kind, probe);
    }
  }
  return undefined;
};

/** A container that ends by itself says more than the probes that fail meanwhile. */
function hasEndedByItself({ containers }: PodCase): boolean {
  return containers.some(
    ({ status }) =>
      status.ready === false &&
      [status.state?.terminated, status.lastState?.terminated].some((end) => end !== undefined && end.exitCode !== 0),
  );
}

/** Kills of a container that has been ready for long since are over. */
function isRelevantKill({ view, pod, events }: PodCase, { status }: ContainerCase): boolean {
  const newest = events.find(({ reason }) => reason === 'Killing');
  if (!isPodReady(pod) || status.state?.waiting) return true;
  return newest !== undefined && view.now - newest.at < RECENT_MS;
}

function isNow({ view }: PodCase, { events, container }: FailingProbe): boolean {
  const last = events[0]?.at ?? 0;
  const started = Date.parse(container.status.state?.running?.startedAt ?? '') || 0;
  return view.now - last < RECENT_MS || (events[0]?.count ?? 1) > 2 || last > started + 60_000;
}

function diagnoseProbe(
  podCase: PodCase,
  container: ContainerCase,
  kind: ProbeKind,
  probe: FailingProbe | undefined,
): Hypothesis {
  const { workload, namespace, name } = podCase;
  const spec = probe?.spec ?? {};
  const message = probe?.message ?? 'the kubelet ends the container because of the probe';
  const { cause, because, confidence, field } = decide(
    podCase,
    container,
    kind,
    probe,
    killedByProbe(podCase, container) !== undefined,
  );
  const probeWord = kind.toLowerCase();
  const described = describeProbe(spec);
  const effect = kind === 'Readiness' ? 'does not become ready' : 'is restarted by the kubelet';
  const log = kind === 'Readiness' ? container.log : (container.previousLog ?? container.log);
  const complaint = log && cause.endsWith('_failing') ? firstComplaint(log.text) : undefined;
  return hypothesis({
    cause,
    culprit: culpritOf(workload, container.name, field ?? `${probeWord}Probe`),
    confidence,
    title: `${plain(workload.name)} ${effect}: ${plain(because.short)}`,
    statement: `The container ${code(container.name)} ${effect}, because its ${probeWord} probe (${code(described)}) fails: ${because.long} The kubelet says: ${code(message, 300)}.${complaint ? ` Its log says: ${code(complaint)}.` : ''}`,
    evidence: [
      ...quoteEvents(probe?.events ?? [], 2),
      ...quoteEvents(
        podCase.events.filter(({ reason }) => reason === 'Killing'),
        1,
      ),
      quoteField(podCase.pod, `containers[${container.name}]`, {
        ports: container.spec.ports ?? [],
        [`${probeWord}Probe`]: spec,
      }),
      quoteContainer(podCase, container),
      ...quoteLogEnd(log, 6),
    ],
    actions: [
      editTemplate(workload, 'the probe'),
      `Read what the container does meanwhile: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} ${kind === 'Readiness' ? '--tail=100' : '--previous'}`}`,
    ],
  });
}

interface Decision {
  cause: Cause;
  confidence: number;
  because: { short: string; long: string };
  field?: string;
}

function decide(
  podCase: PodCase,
  container: ContainerCase,
  kind: ProbeKind,
  probe: FailingProbe | undefined,
  isKilled: boolean,
): Decision {
  const family = kind === 'Readiness' ? 'readiness' : 'liveness';
  const word = kind.toLowerCase();
  const spec = probe?.spec ?? {};
  const message = probe?.message ?? '';
  const port = portOf(spec, container);
  const ports = (container.spec.ports ?? []).flatMap(({ containerPort }) => containerPort ?? []);
  const others = otherProbes(container, kind);
  const listens = [...new Set([...ports, ...others.flatMap((other) => portOf(other, container) ?? [])])];
  if (OTHER_PROTOCOL.test(message)) {
    const right = others.find((other) => portOf(other, container) === port);
    return {
      cause: `${family}_protocol`,
      confidence: 94,
      field: `${word}Probe`,
      because: {
        short: `its ${word} probe speaks the wrong protocol`,
        long: `the port ${String(port ?? '')} speaks another protocol than ${code(describeProbe(spec))}${right ? ` (another probe of the container uses ${code(describeProbe(right))})` : ''}.`,
      },
    };
  }
  if (
    port !== undefined &&
    listens.length > 0 &&
    !listens.includes(port) &&
    !MESH_PORTS.has(port) &&
    NO_ANSWER.test(message)
  ) {
    return {
      cause: `${family}_port`,
      confidence: 93,
      field: `${word}Probe.port`,
      because: {
        short: `its ${word} probe asks port ${String(port)}, and it listens on ${listens.join(', ')}`,
        long: `it asks port ${code(String(port))}, which is none of the ports of the container (${code(listens.join(', '))}).`,
      },
    };
  }
  const command = (spec.exec?.command ?? []).join(' ');
  if (/^((\/bin\/)?(ba)?sh -c )?['"]?(exit [1-9]\d*|false)['"]?$/.test(command)) {
    return {
      cause: kind === 'Readiness' ? 'readiness_failing' : 'liveness_failing',
      confidence: 92,
      field: `${word}Probe.exec.command`,
      because: {
        short: `the command of its ${word} probe always fails`,
        long: `its command ${code(command)} always fails, whatever the application does.`,
      },
    };
  }
  const status = STATUS.exec(message)?.[1];
  if (status === '404') {
    const cause: Cause = kind === 'Readiness' ? 'readiness_path' : 'liveness_path';
    return {
      cause,
      confidence: 86,
      field: `${word}Probe.httpGet.path`,
      because: {
        short: `its ${word} probe asks a path that does not exist`,
        long: `the path ${code(spec.httpGet?.path ?? '/')} does not exist (404).`,
      },
    };
  }
  const timing = kind === 'Readiness' || !isKilled ? undefined : tooEarly(podCase, container, spec, message, word);
  if (timing) return timing;
  return {
    cause: kind === 'Readiness' ? 'readiness_failing' : 'liveness_failing',
    confidence: status ? 78 : 66,
    because: {
      short: `its ${word} probe fails${status ? ` with HTTP ${status}` : ''}`,
      long: status
        ? `the application answers with HTTP ${status}.`
        : 'the application does not answer as the probe wants.',
    },
  };
}

/**
 * The probe ends the container before it can answer: each run lasts no longer than the probe allows, and nothing answered
 * in it yet.
 */
function tooEarly(
  { pod }: PodCase,
  container: ContainerCase,
  spec: FailingProbe['spec'],
  message: string,
  word: string,
): Decision | undefined {
  if (STATUS.test(message) && !/statuscode: 50[23]/.test(message)) return undefined;
  const end = container.status.lastState?.terminated ?? container.status.state?.terminated;
  const ran = (Date.parse(end?.finishedAt ?? '') - Date.parse(end?.startedAt ?? '')) / 1000;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1 } = spec;
  const allowed = initialDelaySeconds + periodSeconds * failureThreshold;
  const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
  const diesAtOnce = Number.isNaN(ran) || ran <= allowed + Math.max(periodSeconds, grace) + 5;
  const isShort = allowed <= 60 && container.spec.startupProbe === undefined;
  const isStartup = word === 'startup';
  if (!diesAtOnce || !(isShort || isStartup)) return undefined;
  return {
    cause: 'liveness_timing',
    confidence: allowed <= 15 ? 88 : 74,
    field: `${word}Probe.initialDelaySeconds`,
    because: {
      short: `its ${word} probe does not give it enough time to start`,
      long: `it allows ${code(`${String(allowed)} s`)} after the start (initialDelaySeconds ${String(initialDelaySeconds)}, periodSeconds ${String(periodSeconds)}, failureThreshold ${String(failureThreshold)}, timeoutSeconds ${String(timeoutSeconds)}), and the container does not answer by then${Number.isNaN(ran) ? '' : `: the last run was ended after ${String(Math.round(ran))} s`}.`,
    },
  };
}

function otherProbes({ spec }: ContainerCase, kind: ProbeKind): FailingProbe['spec'][] {
  return [
    ...(kind === 'Liveness' ? [] : [spec.livenessProbe]),
    ...(kind === 'Readiness' ? [] : [spec.readinessProbe]),
    ...(kind === 'Startup' ? [] : [spec.startupProbe]),
  ].filter((probe) => probe !== undefined);
}
