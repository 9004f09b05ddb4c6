import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Culprit, EvidenceReference, RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import { quoteField } from '../../quotes.ts';
import { code } from '../../safe-text.ts';
import type { PodCase } from '../../pod-case.ts';
import type { Crashed } from './blame.ts';

/** What a crash means, once log and specification are read together. */
export interface Refined {
  cause: Cause;
  confidence: number;
  short: string | undefined;
  long: string | undefined;
  culprit?: Culprit;
  field?: string;
  evidence?: EvidenceReference[];
  actions?: string[];
  ruledOut?: RuledOut[];
}

/** Looks up what the log names in the specification of the pod: the path of a volume, the port of another container. */
export function refine(podCase: PodCase, { container, cause }: Crashed): Refined | undefined {
  if (!cause?.explicit) return undefined;
  const text = cause.excerpt;
  switch (cause.failure?.cause) {
    case 'permission_denied':
    case 'read_only_file_system':
      return onVolume(podCase, container, `${cause.line}\n${text}`, cause.failure.cause);
    case 'port_in_use':
      return portConflict(podCase, container, text);
    case 'dns_name_unknown':
      return podDns(podCase, container);
    default:
      return undefined;
  }
}

function onVolume({ pod }: PodCase, { spec, name }: Crashed['container'], text: string, cause: 'permission_denied' | 'read_only_file_system'): Refined | undefined {
  const mounts = (spec.volumeMounts ?? []).filter(({ mountPath = '' }) => mountPath.length > 1 && text.includes(mountPath));
  const mount = mounts.sort((a, b) => (b.mountPath?.length ?? 0) - (a.mountPath?.length ?? 0))[0];
  if (mount === undefined) return undefined;
  if (cause === 'read_only_file_system' && !mount.readOnly) return undefined;
  const { securityContext } = pod.spec ?? {};
  const isOwn = mount.mountPath !== '/var/run/secrets/kubernetes.io/serviceaccount';
  if (!isOwn) return undefined;
  return {
    cause: cause === 'permission_denied' ? 'volume_permission' : cause,
    confidence: 90,
    field: `volumeMounts[${mount.mountPath}]`,
    short: `it may not write to its volume ${mount.mountPath ?? ''}`,
    long: `it may not use the volume ${code(mount.name ?? '')} that is mounted at ${code(mount.mountPath ?? '')}`,
    evidence: [quoteField(pod, `containers[${name}]`, { volumeMounts: [mount], securityContext: spec.securityContext ?? {} }), quoteField(pod, 'spec.securityContext', securityContext ?? {})],
    actions: ['Set fsGroup in the securityContext of the pod to a group of the process, or correct owner and mode of the directory on the volume.'],
  };
}

function portConflict({ pod }: PodCase, container: Crashed['container'], text: string): Refined | undefined {
  const port = /(?:port|:)\s?(\d{2,5})\b/i.exec(text)?.[1];
  const specs = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].filter(({ name }) => name !== container.name);
  const other = specs.find(({ ports = [], env = [], args = [], command = [] }) => port !== undefined && (ports.some(({ containerPort }) => String(containerPort) === port) || [...args, ...command, ...env.map(({ value = '' }) => value)].some((it) => it.includes(port))));
  return {
    cause: 'port_in_use',
    confidence: other ? 94 : 87,
    field: 'ports',
    short: `port ${port ?? ''} is taken${other ? ` by its container ${other.name ?? ''}` : ''}`,
    long: `the port ${code(port ?? 'that it listens on')} is taken${other ? ` by the container ${code(other.name ?? '')} of the same pod` : ' by another process of the pod'}`,
    ...(other && { evidence: [quoteField(pod, `containers[${other.name}].ports`, other.ports ?? [])] }),
    actions: [other ? `Give one of the containers ${code(container.name)} and ${code(other.name ?? '')} another port.` : 'Let only one process listen on the port; mind hostNetwork, and a second start of the same program.'],
  };
}

/** Names do not resolve, and the pod brings its own DNS configuration. */
function podDns({ pod }: PodCase, _container: Crashed['container']): Refined | undefined {
  const { dnsPolicy, dnsConfig } = pod.spec ?? {};
  if (dnsPolicy !== 'None') return undefined;
  return {
    cause: 'dns_pod_config',
    confidence: 90,
    field: 'spec.dnsConfig',
    short: 'its dnsConfig names a DNS server that does not answer',
    long: `names do not resolve: the pod has dnsPolicy None and asks ${code((dnsConfig?.nameservers ?? []).join(', '))}`,
    evidence: [quoteField(pod, 'spec', { dnsPolicy, dnsConfig })],
  };
}
