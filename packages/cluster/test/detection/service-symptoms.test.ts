import { detectHistory, listParsed } from '../../src/detection/detect-history.ts';
import { Detector } from '../../src/detection/detector.ts';
import { WATCHED_KINDS } from '../../src/detection/objects/kinds.ts';
import { expect, it } from 'vitest';

const AT = new Date('2026-01-02T03:00:00Z');
const LATER = new Date(AT.getTime() + 10 * 60_000);
const meta = (name: string) => ({
  name,
  namespace: 'shop',
  uid: `uid-${name}`,
  creationTimestamp: '2026-01-02T02:00:00Z',
});

const service = (name: string, port: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name),
  spec: { selector: { app: name }, ports: [port] },
});
const deployment = (
  name: string,
  { replicas = 1, ports, env = [] }: { replicas?: number; ports?: object[]; env?: object[] },
) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: meta(name),
  spec: {
    replicas,
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', ...(ports && { ports }), env }] },
    },
  },
  status: { replicas, readyReplicas: replicas },
});
const pod = (name: string, extra: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta(`${name}-1`), labels: { app: name } },
  spec: { nodeName: 'node-1', containers: [{ name: 'app' }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  ...extra,
});
const typesOf = (...objects: object[]) =>
  detectHistory(
    'alpha',
    [AT, LATER].map((at) => ({ at, objects })),
  ).flatMap(({ fault }) => fault?.faultType ?? []);

const LISTENS = { ports: [{ containerPort: 7070 }] };

it('a Service that sends to a port which no container has, or in another protocol, is a fault', () => {
  const behind = [deployment('cart', LISTENS), pod('cart')];
  expect(typesOf(service('cart', { port: 7070 }), ...behind)).toEqual([]);
  expect(typesOf(service('cart', { port: 80, targetPort: 7071 }), ...behind)).toEqual(['PortMismatch']);
  expect(typesOf(service('cart', { port: 7070, protocol: 'UDP' }), ...behind)).toEqual(['PortMismatch']);
});

it('a container that declares no ports may listen on any', () => {
  expect(typesOf(service('cart', { port: 80, targetPort: 7071 }), deployment('cart', {}), pod('cart'))).toEqual([]);
});

it('an address of no Service is a fault only if it resembles a Service, or names a workload or a port that is not offered', () => {
  const cart = [service('cart', { port: 7070 }), deployment('cart', LISTENS), pod('cart')];
  const calling = (value: string) => [...cart, deployment('web', { env: [{ name: 'CART_ADDR', value }] }), pod('web')];
  expect(typesOf(...calling('cart:7070'))).toEqual([]);
  expect(typesOf(...calling('cart-backend:7070'))).toEqual(['UnknownAddress']);
  expect(typesOf(...calling('cart:7071'))).toEqual(['UnknownAddress']);
  expect(typesOf(...calling('telemetry:4317'))).toEqual([]);
  expect(typesOf(...calling('web:80'))).toEqual(['UnknownAddress']);
});

it('a Service whose workload has 0 replicas is a fault of the lowest severity', () => {
  const objects = [service('cart', { port: 7070 }), deployment('cart', { ...LISTENS, replicas: 0 })];
  const faults = detectHistory(
    'alpha',
    [AT, LATER].map((at) => ({ at, objects })),
  ).flatMap(({ fault }) => fault ?? []);
  expect(faults).toMatchObject([
    { faultType: 'ScaledToZero', severity: 'info', resource: { kind: 'Service', name: 'cart' } },
  ]);
});

it('a pod without a node about which no scheduler reports is a fault', () => {
  const waiting = pod('cart', { spec: { containers: [{ name: 'app' }] }, status: { phase: 'Pending' } });
  expect(typesOf(deployment('cart', LISTENS), waiting)).toContain('Unschedulable');
});

it('says nothing of what a Service lacks while a kind that could be behind it cannot be read', () => {
  const now = AT.getTime();
  const detector = new Detector('alpha');
  for (const kind of WATCHED_KINDS) listParsed(detector, kind, [], now);
  listParsed(detector, 'services', [service('cart', { port: 7070 })], now);
  detector.forgetKind('deployments');
  expect(detector.advance(LATER.getTime())).toEqual([]);
  listParsed(detector, 'deployments', [], LATER.getTime());
  expect(detector.advance(LATER.getTime())).toMatchObject([{ fault: { faultType: 'NoEndpoints' } }]);
});
