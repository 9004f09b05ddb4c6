import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Culprit, EvidenceReference, RuledOut } from '@nightcrier/core/diagnosis/diagnosis';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import { addressesIn } from '../../../evidence/view/addresses.ts';
import { replicaSetsOf, workloadOf } from '../../../evidence/view/workload.ts';
import { culpritOf } from '../../hypothesis.ts';
import type { PodCase } from '../../pod-case.ts';
import { quoteField } from '../../quotes.ts';
import { doubled } from '../../fixes/doubled.ts';
import { code, show } from '../../safe-text.ts';
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

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Looks up what the log names in the specification of the pod: the path of a volume, the port of another container. */
export function refine(podCase: PodCase, { container, cause }: Crashed): Refined | undefined {
  const dns = podDns(podCase, cause);
  if (dns) return dns;
  if (!cause?.explicit) return undefined;
  const text = cause.excerpt;
  switch (cause.failure?.cause) {
    case 'permission_denied':
    case 'read_only_file_system':
      return onVolume(podCase, container, `${cause.line}\n${text}`, cause.failure.cause);
    case 'port_in_use':
      return portConflict(podCase, container, text);
    case 'disk_full':
      return fullVolume(podCase, container, `${cause.line}\n${text}`);
    case 'dns_name_unknown':
      return changedAddress(podCase, container, cause.line) ?? dnsServer(podCase, cause.line);
    case 'dependency_unreachable':
      return changedAddress(podCase, container, cause.line);
    default:
      return undefined;
  }
}

function onVolume(
  { pod }: PodCase,
  { spec, name }: Crashed['container'],
  text: string,
  cause: 'permission_denied' | 'read_only_file_system',
): Refined | undefined {
  const own = (spec.volumeMounts ?? []).filter(
    ({ mountPath = '' }) => mountPath.length > 1 && mountPath !== SERVICE_ACCOUNT,
  );
  const named = own.filter(({ mountPath = '' }) => text.includes(mountPath));
  // A file without its directory is one of the working directory: the only volume, where there is one.
  const isRelative = !/(^|[\s"'`:(])\/[\w.-]+/.test(text.split('\n')[0] ?? '');
  const mounts = named.length > 0 ? named : isRelative && own.length === 1 ? own : [];
  const mount = mounts.sort((a, b) => (b.mountPath?.length ?? 0) - (a.mountPath?.length ?? 0))[0];
  if (mount === undefined) return undefined;
  if (cause === 'read_only_file_system' && !mount.readOnly) return undefined;
  const { securityContext } = pod.spec ?? {};
  return {
    cause: cause === 'permission_denied' ? 'volume_permission' : cause,
    confidence: named.length > 0 ? 90 : 82,
    field: `volumeMounts[${mount.mountPath}]`,
    short: `it may not write to its volume ${mount.mountPath ?? ''}`,
    long: `it may not use the volume ${code(mount.name ?? '')} that is mounted at ${code(mount.mountPath ?? '')}`,
    evidence: [
      quoteField(pod, `containers[${name}]`, { volumeMounts: [mount], securityContext: spec.securityContext ?? {} }),
      quoteField(pod, 'spec.securityContext', securityContext ?? {}),
    ],
    actions: [
      'Set fsGroup in the securityContext of the pod to a group of the process, or correct owner and mode of the directory on the volume.',
    ],
  };
}

function portConflict({ pod }: PodCase, container: Crashed['container'], text: string): Refined | undefined {
  const port = /(?:port|:)\s?(\d{2,5})\b/i.exec(text)?.[1];
  const specs = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].filter(
    ({ name }) => name !== container.name,
  );
  const other = specs.find(
    ({ ports = [], env = [], args = [], command = [] }) =>
      port !== undefined &&
      (ports.some(({ containerPort }) => String(containerPort) === port) ||
        [...args, ...command, ...env.map(({ value = '' }) => value)].some((it) => it.includes(port))),
  );
  return {
    cause: 'port_in_use',
    confidence: other ? 94 : 87,
    field: 'ports',
    short: `port ${port ?? ''} is taken${other ? ` by its container ${other.name ?? ''}` : ''}`,
    long: `the port ${code(port ?? 'that it listens on')} is taken${other ? ` by the container ${code(other.name ?? '')} of the same pod` : ' by another process of the pod'}`,
    ...(other && { evidence: [quoteField(pod, `containers[${other.name}].ports`, other.ports ?? [])] }),
    actions: [
      other
        ? `Give one of the containers ${code(container.name)} and ${code(other.name ?? '')} another port.`
        : 'Let only one process listen on the port; mind hostNetwork, and a second start of the same program.',
    ],
  };
}

/** Failed look-ups, as resolvers and clients report them. */
const LOOKUP_FAILS =
  /lookup \S{1,253}( on \S{1,60})?: |UnknownHost|no such host|name resolution|EAI_AGAIN|ENOTFOUND|Name or service not known|could not resolve|failed to resolve/i;

/** The pod brings its own DNS server, and what it calls cannot be found or reached: another server than the cluster's. */
function podDns({ pod, view, namespace, name }: PodCase, cause: Crashed['cause']): Refined | undefined {
  const { dnsPolicy, dnsConfig, containers = [], initContainers = [] } = pod.spec ?? {};
  const servers = dnsConfig?.nameservers ?? [];
  const cluster = view
    .all('Service', 'kube-system')
    .find(({ metadata }) => /^(kube-dns|coredns|rke2-coredns)/.test(metadata?.name ?? ''))?.spec?.clusterIP;
  if (dnsPolicy !== 'None' || servers.length === 0 || (cluster !== undefined && servers.includes(cluster)))
    return undefined;
  const logs = [...initContainers, ...containers]
    .flatMap(({ name: container = '' }) => [
      view.log(namespace, name, container, false),
      view.log(namespace, name, container, true),
    ])
    .filter((log) => log !== undefined);
  const failing = logs.flatMap(({ text, command }) =>
    text
      .split('\n')
      .filter((line) => LOOKUP_FAILS.test(line) || servers.some((server) => line.includes(server)))
      .slice(-1)
      .map((line) => ({ command, text: line.slice(0, 500) })),
  );
  const isRemote = cause?.failure?.remote ?? true;
  if (failing.length === 0 && !isRemote) return undefined;
  return {
    cause: 'dns_pod_config',
    confidence: failing.length > 0 ? 90 : 66,
    field: 'spec.dnsConfig',
    short: `its dnsConfig names the DNS server ${servers.join(', ')}, which does not answer`,
    long: `names do not resolve: the pod has dnsPolicy None and asks ${code(servers.join(', '))} in place of the DNS of the cluster`,
    evidence: [quoteField(pod, 'spec', { dnsPolicy, dnsConfig }), ...failing.slice(0, 2)],
    actions: ['Remove dnsPolicy and dnsConfig from the template of the pod, so that it asks the DNS of the cluster.'],
  };
}

/** A volume that is full, where the message or the mounts say which. */
function fullVolume(
  { pod, view, namespace }: PodCase,
  { spec }: Crashed['container'],
  text: string,
): Refined | undefined {
  const claims = (spec.volumeMounts ?? []).flatMap((mount) => {
    const claim = (pod.spec?.volumes ?? []).find(({ name }) => name === mount.name)?.persistentVolumeClaim?.claimName;
    return claim === undefined ? [] : [{ mount, claim }];
  });
  const found =
    claims.find(({ mount }) => text.includes(mount.mountPath ?? ' ')) ?? (claims.length === 1 ? claims[0] : undefined);
  if (found === undefined) return undefined;
  const object = view.get('PersistentVolumeClaim', found.claim, namespace);
  const size = object?.status?.capacity?.['storage'] ?? object?.spec?.resources?.requests?.['storage'];
  const path = found.mount.mountPath ?? '';
  return {
    cause: 'disk_full',
    confidence: 90,
    field: `PersistentVolumeClaim/${found.claim}`,
    short: `its volume ${path} is full (claim ${found.claim}${size ? `, ${size}` : ''})`,
    long: `the volume at ${code(path)} is full: the claim ${code(found.claim)}${size ? ` has ${code(size)}` : ''}`,
    ...(object && { evidence: [quoteField(object, 'spec.resources', object.spec?.resources ?? {})] }),
    actions: [
      `Enlarge the claim, if its StorageClass allows that (twice the present size): ${show`kubectl patch pvc -n ${namespace} ${found.claim} -p ${`{"spec":{"resources":{"requests":{"storage":"${doubled(size ?? '') ?? 'NEW'}"}}}}`}`}`,
    ],
  };
}

/** The address that cannot be reached came with the newest revision. */
function changedAddress(
  { view, workload }: PodCase,
  { spec, name }: Crashed['container'],
  line: string,
): Refined | undefined {
  if (workload.kind !== 'Deployment') return undefined;
  const [, before] = replicaSetsOf(view, workload.name, workload.namespace);
  const old = before?.spec?.template?.spec?.containers?.find((it) => it.name === name);
  if (old === undefined) return undefined;
  const hosts = addressesIn(line, 'log').map(({ host }) => host);
  for (const { name: variable = '', value = '' } of spec.env ?? []) {
    const was = (old.env ?? []).find((it) => it.name === variable)?.value;
    const host = hosts.find(
      (it) => value === it || value.includes(`${it}:`) || value.includes(`/${it}`) || value.includes(`@${it}`),
    );
    if (host === undefined || was === value || was === undefined) continue;
    return {
      cause: 'service_address_wrong',
      confidence: 92,
      field: `environment variable ${variable}`,
      short: `its new revision calls ${host} (${variable} was ${was})`,
      long: `the newest revision changed ${code(variable)} from ${code(was)} to ${code(value)}, and that cannot be reached`,
      evidence: [
        {
          command: `kubectl rollout history -n ${workload.namespace} deployment/${workload.name}`,
          text: `${variable}: ${was} -> ${value}`,
        },
      ],
      actions: [
        `Go back to the revision before: ${show`kubectl rollout undo -n ${workload.namespace} ${`deployment/${workload.name}`}`}`,
      ],
    };
  }
  return undefined;
}

/** The DNS server does not answer, as opposed to one that does not know the name. */
function dnsServer({ view }: PodCase, line: string): Refined | undefined {
  if (!/i\/o timeout|timed out|EAI_AGAIN|Temporary failure|server misbehaving|connection refused|SERVFAIL/i.test(line))
    return undefined;
  const isDns = (labels: Record<string, string | undefined> | undefined) =>
    labels?.['k8s-app'] === 'kube-dns' || labels?.['app.kubernetes.io/name'] === 'coredns';
  const pods = view.all('Pod', 'kube-system').filter(({ metadata }) => isDns(metadata?.labels));
  const down = pods.filter((pod) => !isPodReady(pod));
  const [first] = down;
  if (first === undefined) return undefined;
  const owner = workloadOf(view, first);
  const waiting = first.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  return {
    cause: 'dns_server_down',
    culprit: culpritOf(owner),
    confidence: down.length === pods.length ? 93 : 84,
    short: `the DNS of the cluster is down (${owner.name})`,
    long: `names do not resolve: ${down.length === pods.length ? 'no pod' : `${String(pods.length - down.length)} of ${String(pods.length)} pods`} of the cluster's DNS is ready (${code(down.map(({ metadata }) => metadata?.name ?? '').join(', '))}${waiting ? `, ${code(waiting)}` : ''})`,
    evidence: [quoteField(first, 'status', first.status?.containerStatuses ?? [])],
    actions: [
      `See why the DNS pods do not run: ${show`kubectl logs -n kube-system ${first.metadata?.name ?? ''} --previous`}`,
    ],
  };
}
