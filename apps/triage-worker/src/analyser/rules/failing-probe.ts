import { confidence } from '../diagnosis.ts';
import { firstComplaint } from '../logs/log-cause.ts';
import { quoteLogEnd } from '../logs/log-quotes.ts';
import { quoteContainer, quoteEvents, type ContainerCase, type PodCase } from '../pod-case.ts';
import type { PodRule } from '../rule.ts';
import { code, plain, show } from '../safe-text.ts';

type Probe = 'liveness' | 'startup' | 'readiness';

/** How containers end that the kubelet stopped: asked with SIGTERM (or gone quietly on it), killed when they did not go. */
const STOPPED_BY_KUBELET: ReadonlySet<number | undefined> = new Set([0, 137, 143]);

/** The container runs, but a probe says that it does not work: the kubelet restarts it, or sends it no traffic. */
export const failingProbe: PodRule = {
  name: 'failing-probe',
  applies(podCase) {
    for (const container of podCase.containers) {
      const probe = failedProbe(podCase, container);
      if (probe !== undefined) return finding(podCase, container, probe);
    }
    return undefined;
  },
};

function failedProbe(podCase: PodCase, container: ContainerCase): Probe | undefined {
  const { status } = container;
  const fails = (probe: Probe): boolean => probeEvents(podCase, container, probe).length > 0;
  const end = status.state?.terminated ?? status.lastState?.terminated;
  // A container that ends by itself fails its probes too, but then they are not the cause.
  if (end !== undefined && STOPPED_BY_KUBELET.has(end.exitCode)) {
    if (wasKilledFor(podCase, container, 'startup')) return 'startup';
    if (wasKilledFor(podCase, container, 'liveness')) return 'liveness';
  }
  const runsUnready = status.state?.running !== undefined && status.ready === false;
  if (!runsUnready || (end !== undefined && !STOPPED_BY_KUBELET.has(end.exitCode))) return undefined;
  return (['startup', 'liveness', 'readiness'] as const).find(fails);
}

function wasKilledFor(podCase: PodCase, container: ContainerCase, probe: Probe): boolean {
  return killings(podCase, container).some(({ message }) => message.includes(`failed ${probe} probe`));
}

function killings({ events }: PodCase, { name }: ContainerCase) {
  return events.filter(
    ({ reason, message }) => reason === 'Killing' && message.startsWith(`Container ${name} failed `),
  );
}

function probeEvents({ events, containers }: PodCase, { name }: ContainerCase, probe: Probe) {
  return events.filter(({ event, reason, message }) => {
    const fieldPath = event.involvedObject?.fieldPath;
    const about = fieldPath === undefined ? containers.length === 1 : fieldPath.includes(`{${name}}`);
    return about && reason === 'Unhealthy' && message.toLowerCase().startsWith(`${probe} probe`);
  });
}

function finding(podCase: PodCase, container: ContainerCase, probe: Probe) {
  const { name, namespace } = podCase;
  const events = probeEvents(podCase, container, probe);
  const kills = killings(podCase, container);
  const said = events[0]?.message ?? kills[0]?.message ?? '';
  const spec = container.spec[`${probe}Probe`];
  const check = spec?.httpGet
    ? `GET ${spec.httpGet.path ?? '/'} on port ${String(spec.httpGet.port)}`
    : spec?.exec?.command?.join(' ');
  const log = [container.log, container.previousLog].find((it) => it && firstComplaint(it.text) !== undefined);
  const complaint = log && firstComplaint(log.text);
  const consequence = probe === 'readiness' ? 'gets no traffic' : 'is restarted by the kubelet again and again';
  return {
    title: `${probe[0]?.toUpperCase()}${probe.slice(1)} probe of ${plain(name)} fails`,
    summary: `The ${probe} probe of container ${code(container.name)} fails, so the container ${consequence} (${container.status.restartCount ?? 0} restarts).`,
    rootCause: [
      `The ${probe} probe${check ? ` (${code(check)})` : ''} fails: ${code(said)}.`,
      complaint ? `The application itself reports ${code(complaint)}.` : 'The logs in the evidence do not say why.',
    ].join(' '),
    confidence: confidence(60, events.length > 0, probe === 'readiness' || kills.length > 0, complaint !== undefined),
    quotes: [quoteContainer(podCase, container), ...quoteEvents([...kills, ...events]), ...quoteLogEnd(log)],
    recommendations: [
      complaint
        ? 'Mend what the application reports; the probe then passes by itself.'
        : `Find out why the check fails: ${show`kubectl logs -n ${namespace} ${name} -c ${container.name} --tail=100`}`,
      /connection refused|context deadline exceeded|Client\.Timeout/i.test(said)
        ? `If the application merely needs longer, give the probe more time (timeoutSeconds, failureThreshold) or the start a startupProbe; check that it listens on the probed port.`
        : `Check that the probe asks for the right thing: ${show`kubectl get pod -n ${namespace} ${name} -o yaml`}`,
      'A liveness probe should not depend on other services: a restart does not mend them.',
    ],
  };
}
