import type { V1NetworkPolicyPeer, V1NetworkPolicyPort } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Kinds } from '../../../evidence/kubernetes-object.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { meetsSelector } from '../../../evidence/view/label-selector.ts';
import { podsBehind, type Service } from '../../../evidence/view/service-links.ts';
import { templateOf, type Workload } from '../../../evidence/view/workload.ts';
import { culpritObject, hypothesis } from '../../hypothesis.ts';
import { quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

type Policy = Wire<Kinds['NetworkPolicy']>;
type Labels = Record<string, string | undefined>;

/** One side of a connection. */
interface Side {
  namespace: string;
  labels: Labels;
}

/** Policies drop packets, so a client sees a timeout; some network plug-ins reject instead. */
const BLOCKED =
  /timed? ?out|timeout|ETIMEDOUT|deadline exceeded|EHOSTUNREACH|no route to host|unreachable|EAI_AGAIN|Temporary failure|connection refused|ECONNREFUSED/i;
/** A name that is not found is not the fault of a policy for the Service of that name. */
const LOOKUP = /\blookup\b|resol[uv]|EAI_AGAIN|getaddrinfo|UnknownHost/i;
const DNS_PORT = 53;

/** A NetworkPolicy that keeps a client from a Service with ready pods: one of the server's side, else one of the client's. */
export function policyTrouble(
  view: ClusterView,
  client: Workload,
  service: Service,
  line: string,
): Hypothesis | undefined {
  if (!BLOCKED.test(line) || LOOKUP.test(line)) return undefined;
  const [pod] = podsBehind(view, service);
  const { namespace = 'default', name = '' } = service.metadata ?? {};
  if (pod === undefined) return undefined;
  const from: Side = { namespace: client.namespace, labels: labelsOf(client) };
  const to: Side = { namespace, labels: pod.metadata?.labels ?? {} };
  const ports = (service.spec?.ports ?? []).flatMap(({ port, targetPort }) => [targetPort ?? port]);
  const inbound = blocking(view, to, from, ports, 'Ingress');
  const outbound = inbound ? undefined : blocking(view, from, to, ports, 'Egress');
  const policy = inbound ?? outbound;
  if (policy === undefined) return undefined;
  return blocked(policy, inbound ? 'Ingress' : 'Egress', client, `the Service ${name}`, line);
}

/** A policy of the client's side that keeps it from the DNS of the cluster. */
export function dnsPolicyTrouble(view: ClusterView, client: Workload, line: string): Hypothesis | undefined {
  if (!LOOKUP.test(line) || !BLOCKED.test(line)) return undefined;
  const from: Side = { namespace: client.namespace, labels: labelsOf(client) };
  const to: Side = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } };
  const policy = blocking(view, from, to, [DNS_PORT], 'Egress');
  return policy && blocked(policy, 'Egress', client, 'the DNS of the cluster', line);
}

function blocked(
  policy: Policy,
  direction: 'Ingress' | 'Egress',
  client: Workload,
  target: string,
  line: string,
): Hypothesis {
  const { name = '', namespace = 'default' } = policy.metadata ?? {};
  return hypothesis({
    cause: 'network_policy',
    culprit: culpritObject(
      { ...policy, kind: 'NetworkPolicy' },
      direction === 'Ingress' ? 'spec.ingress' : 'spec.egress',
    ),
    confidence: /refused/i.test(line) ? 66 : 84,
    title: `The NetworkPolicy ${plain(name)} keeps ${plain(client.name)} from ${plain(target)}`,
    statement: `${code(client.name)} cannot reach ${target}. The NetworkPolicy ${code(name)} of the namespace ${code(namespace)} selects ${direction === 'Ingress' ? 'its pods' : `the pods of ${code(client.name)}`}, and no policy allows this ${direction === 'Ingress' ? 'inbound' : 'outbound'} connection. The log says: ${code(line, 300)}.`,
    evidence: [
      quoteField({ ...policy, apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' }, 'spec', policy.spec ?? {}),
    ],
    actions: [
      `Allow the connection in the policy: ${show`kubectl edit networkpolicy -n ${namespace} ${name}`}`,
      `See all policies: ${show`kubectl describe networkpolicies -n ${namespace}`}`,
    ],
    ruledOut: [{ what: target, because: 'its pods are ready' }],
  });
}

/** A policy that selects `own` while none of those that select it allows `other`; nothing when one may allow it. */
function blocking(
  view: ClusterView,
  own: Side,
  other: Side,
  ports: unknown[],
  direction: 'Ingress' | 'Egress',
): Policy | undefined {
  if (!view.isComplete('NetworkPolicy', own.namespace)) return undefined;
  const selecting = view
    .all('NetworkPolicy', own.namespace)
    .filter((policy) => applies(policy, direction) && meetsSelector(policy.spec?.podSelector, own.labels));
  const allows = selecting.some(({ spec, metadata }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map((rule) => ({ peers: rule._from ?? fromOf(rule), ports: rule.ports }))
        : (spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
    return rules.some(
      (rule) =>
        (rule.peers === undefined ||
          rule.peers.length === 0 ||
          rule.peers.some((peer) => mayBe(view, peer, other, metadata?.namespace ?? own.namespace))) &&
        (rule.ports === undefined ||
          rule.ports.length === 0 ||
          ports.some((port) => rule.ports?.some((it) => isPort(it, port)))),
    );
  });
  return allows ? undefined : selecting[0];
}

/** The client library calls the field `_from`; on the wire it is `from`. */
function fromOf(rule: object): Wire<V1NetworkPolicyPeer>[] | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server wrote it
  return 'from' in rule ? (rule.from as Wire<V1NetworkPolicyPeer>[]) : undefined;
}

function applies({ spec }: Policy, direction: 'Ingress' | 'Egress'): boolean {
  const types = spec?.policyTypes ?? ['Ingress', ...(spec?.egress ? ['Egress'] : [])];
  return types.includes(direction);
}

/** Whether a peer can be the other side. What cannot be known counts as yes. */
function mayBe(
  view: ClusterView,
  { ipBlock, namespaceSelector, podSelector }: Wire<V1NetworkPolicyPeer>,
  other: Side,
  policyNamespace: string,
): boolean {
  if (ipBlock) return true;
  if (podSelector && !meetsSelector(podSelector, other.labels)) return false;
  if (namespaceSelector === undefined) return other.namespace === policyNamespace;
  const known = view.find('Namespace', other.namespace)?.metadata?.labels;
  const named = { 'kubernetes.io/metadata.name': other.namespace, ...known };
  const onlyName = [
    ...Object.keys(namespaceSelector.matchLabels ?? {}),
    ...(namespaceSelector.matchExpressions ?? []).map(({ key = '' }) => key),
  ].every((key) => key === 'kubernetes.io/metadata.name');
  return !onlyName && known === undefined ? true : meetsSelector(namespaceSelector, named);
}

function isPort({ port, endPort }: Wire<V1NetworkPolicyPort>, wanted: unknown): boolean {
  const own: unknown = port;
  if (own === undefined) return true;
  if (typeof own === 'number' && typeof wanted === 'number' && endPort !== undefined)
    return own <= wanted && wanted <= endPort;
  // A name means the port of that name of the pod, which the Service may call by its number.
  return typeof own === typeof wanted ? own === wanted : true;
}

function labelsOf(workload: Workload): Labels {
  return templateOf(workload)?.metadata?.labels ?? {};
}
