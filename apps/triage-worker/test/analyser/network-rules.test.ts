import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/analyser/diagnose.ts';
import type { KubernetesObject } from '../../src/evidence/kubernetes-object.ts';
import { deployment, evidenceOf, logOf, service } from './evidence-of.ts';
import { faultOf } from './fault-of.ts';

const policy = (name: string, spec: object, namespace = 'shop'): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
});
const TIMEOUT = 'panic: dial tcp 10.96.0.9:80: i/o timeout calling http://orders:80/\n';
const DNS_TIMEOUT = 'panic: dial tcp: lookup orders on 10.96.0.10:53: read udp: i/o timeout\n';
const serverSide = { podSelector: { matchLabels: { app: 'orders' } }, policyTypes: ['Ingress'] };
const clientSide = { podSelector: {}, policyTypes: ['Egress'] };
const toDns = { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'UDP', port: 53 }] };

function causeWith(policies: KubernetesObject[], log = TIMEOUT) {
  const objects = [...deployment('cart', { ready: false }), ...deployment('orders'), service('orders'), ...policies];
  const evidence = evidenceOf(objects, logOf('cart', log));
  const [first] = diagnose(evidence, faultOf('CrashLoop', { name: 'cart-1-x' })).hypotheses;
  return `${first?.cause} ${first?.culprit.name}`;
}

describe('a client that times out', () => {
  it.each<[string, KubernetesObject[], string]>([
    ['no policy', [], 'dependency_unreachable cart'],
    ['a policy that lets nobody in', [policy('deny', serverSide)], 'network_policy deny'],
    [
      'a policy for other pods',
      [policy('deny', { ...serverSide, podSelector: { matchLabels: { app: 'db' } } })],
      'dependency_unreachable cart',
    ],
    [
      'a policy that lets the client in',
      [policy('some', { ...serverSide, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'cart' } } }] }] })],
      'dependency_unreachable cart',
    ],
    [
      'a policy that lets others in',
      [policy('some', { ...serverSide, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] })],
      'network_policy some',
    ],
    [
      'a policy for another port',
      [policy('port', { ...serverSide, ingress: [{ ports: [{ port: 9090 }] }] })],
      'network_policy port',
    ],
    [
      'a policy for a range of ports',
      [policy('port', { ...serverSide, ingress: [{ ports: [{ port: 8000, endPort: 9000 }] }] })],
      'dependency_unreachable cart',
    ],
    [
      'two policies, of which one allows',
      [policy('deny', serverSide), policy('all', { ...serverSide, ingress: [{}] })],
      'dependency_unreachable cart',
    ],
    [
      'a policy for another namespace',
      [
        policy('ns', {
          ...serverSide,
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'web' } } }] }],
        }),
      ],
      'network_policy ns',
    ],
    [
      'a namespace selector that cannot be known',
      [policy('ns', { ...serverSide, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] }] })],
      'dependency_unreachable cart',
    ],
    [
      'an address block that cannot be known',
      [policy('ip', { ...serverSide, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] })],
      'dependency_unreachable cart',
    ],
    ['a policy that lets nothing out', [policy('egress', clientSide)], 'network_policy egress'],
    ['a policy that lets DNS out', [policy('egress', { ...clientSide, egress: [toDns] })], 'network_policy egress'],
  ])('with %s', (_, policies, expected) => {
    expect(causeWith(policies)).toBe(expected);
  });

  it('of its lookups is kept from the DNS of the cluster by a policy that does not allow it', () => {
    const web = { to: [{ podSelector: {} }], ports: [{ port: 8080 }] };
    expect(causeWith([policy('egress', { ...clientSide, egress: [web] })], DNS_TIMEOUT)).toBe('network_policy egress');
    expect(causeWith([policy('egress', { ...clientSide, egress: [toDns] })], DNS_TIMEOUT)).not.toContain(
      'network_policy',
    );
  });
});

describe('an Ingress', () => {
  const ingress = (spec: object): KubernetesObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'shop' },
    spec,
  });
  const rules = (name: string, port: object) => ({
    rules: [{ host: 'shop.example', http: { paths: [{ path: '/', backend: { service: { name, port } } }] } }],
  });
  const nginx = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' } };

  it.each<[string, object, string]>([
    [
      'a Service that does not exist',
      { ingressClassName: 'nginx', ...rules('order', { number: 80 }) },
      'ingress_backend_missing Ingress/web',
    ],
    [
      'a port that its Service does not offer',
      { ingressClassName: 'nginx', ...rules('orders', { number: 8080 }) },
      'ingress_backend_missing Ingress/web',
    ],
    [
      'a port by its name',
      { ingressClassName: 'nginx', ...rules('orders', { name: 'http' }) },
      'crash_unexplained Deployment/orders',
    ],
    [
      'a class that does not exist',
      { ingressClassName: 'traefik', ...rules('orders', { number: 80 }) },
      'ingress_class_missing Ingress/web',
    ],
    ['no class where there is no default', rules('orders', { number: 80 }), 'ingress_class_missing Ingress/web'],
  ])('with %s', (_, spec, expected) => {
    const evidence = evidenceOf([...deployment('orders', { ready: false }), service('orders'), ingress(spec), nginx]);
    const [first] = diagnose(evidence, faultOf('Unavailable', { kind: 'Ingress', name: 'web' })).hypotheses;
    expect(`${first?.cause} ${first?.culprit.kind}/${first?.culprit.name}`).toBe(expected);
  });
});
