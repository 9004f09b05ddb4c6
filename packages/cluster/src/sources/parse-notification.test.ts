import { faultFingerprint } from '@nightcrier/core/faults/fault';
import { describe, expect, test } from 'vitest';
import { type ParsedNotification, parseNotification } from './parse-notification.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const CLUSTER = 'alpha';

const wireFault = {
  subscriptionId: 'sub-1',
  cluster: 'alpha',
  faultId: '0123456789abcdef',
  faultType: 'CrashLoop',
  severity: 'critical',
  resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop', uid: 'u-1' },
  context: 'Container entered CrashLoopBackOff state',
  timestamp: '2026-11-21T09:59:58Z',
};
const wireEvent = {
  namespace: 'shop',
  timestamp: '2026-11-21T09:59:50Z',
  type: 'Warning',
  reason: 'BackOff',
  message: 'Back-off restarting failed container app in pod cart-7d4b9c-abcde_shop(u-1)',
  involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop', uid: 'u-1' },
  count: 3,
  lastTimestamp: '2026-11-21T09:59:58Z',
};

const parse = (logger: string, data: unknown): ParsedNotification =>
  parseNotification({ level: 'warning', logger, data }, { clusterName: CLUSTER, now: NOW });
const parseFault = (changes: object): ParsedNotification => parse('kubernetes/faults', { ...wireFault, ...changes });
const parseEvent = (changes: object): ParsedNotification =>
  parse('kubernetes/events', { cluster: CLUSTER, event: { ...wireEvent, ...changes } });

function faultOf(parsed: ParsedNotification) {
  if (parsed.kind !== 'fault') throw new Error(`expected a fault, got ${JSON.stringify(parsed)}`);
  return parsed.fault;
}

describe('kubernetes/faults', () => {
  test('a fault keeps what the server says, its id included', () => {
    const { subscriptionId, cluster: _, ...fault } = wireFault;
    expect(parseFault({})).toEqual({ kind: 'fault', subscriptionId, fault, notes: [] });
  });

  test.each([[undefined], [''], [null], [' \u0000 ']])('a fault without an id (%j) gets the fingerprint', (faultId) => {
    const { resource } = wireFault;
    expect(faultOf(parseFault({ faultId })).faultId).toBe(faultFingerprint(CLUSTER, 'CrashLoop', resource));
    const named = faultOf(parseFault({ faultId, container: 'app' }));
    expect(named.faultId).toBe(faultFingerprint(CLUSTER, 'CrashLoop', resource, 'app'));
  });

  test('the configured name of the cluster wins, and the difference is noted', () => {
    const parsed = parseFault({ cluster: 'kind-kind', faultId: undefined });
    expect(parsed).toMatchObject({ kind: 'fault', claims: 'kind-kind' });
    expect(faultOf(parsed).faultId).toBe(faultFingerprint(CLUSTER, 'CrashLoop', wireFault.resource));
  });

  test.each([[undefined], ['yesterday'], ['0001-01-01T00:00:00Z'], [1_700_000_000]])(
    'the time of receipt stands in for the timestamp %j',
    (timestamp) => {
      const parsed = parseFault({ timestamp });
      expect(faultOf(parsed).timestamp).toBe('2026-11-21T10:00:00.000Z');
      expect(parsed).toMatchObject({ notes: [expect.stringContaining('timestamp')] });
    },
  );

  test('an object as the context becomes JSON text', () => {
    expect(faultOf(parseFault({ context: { exitCode: 137 } })).context).toBe('{"exitCode":137}');
  });

  test('text is cleaned and bounded', () => {
    const fault = faultOf(
      parseFault({
        context: `\u001b[31m${'x'.repeat(100_000)}`,
        resource: { ...wireFault.resource, name: 'cart\n-\u00070' },
      }),
    );
    expect(fault.context).toHaveLength(16_384);
    expect(fault.context).not.toContain('\u001b');
    expect(fault.resource.name).toBe('cart -0');
  });

  test('fields that nobody knows are left out', () => {
    const fault = faultOf(parseFault({ extra: 1, resource: { ...wireFault.resource, secret: 'x' } }));
    expect(fault).not.toHaveProperty('extra');
    expect(fault.resource).not.toHaveProperty('secret');
  });

  test('a resource without a namespace and uid is a resource', () => {
    const resource = { apiVersion: 'v1', kind: 'Node', name: 'node-1', namespace: '', uid: null };
    expect(faultOf(parseFault({ resource })).resource).toEqual({ apiVersion: 'v1', kind: 'Node', name: 'node-1' });
  });

  test.each([
    ['severity', { severity: 'catastrophic' }],
    ['severity', { severity: undefined }],
    ['severity', { severity: 3 }],
    ['faultType', { faultType: '' }],
    ['faultType', { faultType: 'T'.repeat(600) }],
    ['faultType', { faultType: { a: 1 } }],
    ['resource', { resource: 'Pod/cart' }],
    ['resource', { resource: null }],
    ['resource', { resource: { ...wireFault.resource, name: undefined } }],
    ['resource', { resource: { ...wireFault.resource, kind: 'K'.repeat(600) } }],
    ['resource', { resource: { ...wireFault.resource, uid: 7 } }],
    ['faultId', { faultId: 12 }],
    ['faultId', { faultId: 'f'.repeat(400) }],
    ['container', { container: ['app'] }],
  ])('a fault with a bad %s is malformed: %j', (reason, changes) => {
    expect(parseFault(changes)).toMatchObject({ kind: 'malformed', reason, detail: expect.stringContaining(reason) });
  });
});

describe('kubernetes/events', () => {
  test('a Warning event becomes a fault of its reason, with container and fingerprint', () => {
    const resource = { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop', uid: 'u-1' };
    expect(parseEvent({})).toMatchObject({
      kind: 'fault',
      notes: [],
      event: { involvedObject: resource, reason: 'BackOff', lastTimestamp: '2026-11-21T09:59:58Z' },
      fault: {
        faultId: faultFingerprint(CLUSTER, 'BackOff', resource, 'app'),
        faultType: 'BackOff',
        severity: 'warning',
        resource,
        container: 'app',
        context: wireEvent.message,
        timestamp: '2026-11-21T09:59:58Z',
      },
    });
  });

  test('the fieldPath names the container', () => {
    const involvedObject = { ...wireEvent.involvedObject, fieldPath: 'spec.initContainers{migrate}' };
    expect(faultOf(parseEvent({ involvedObject, message: 'Error: cannot start' })).container).toBe('migrate');
  });

  test('the namespace of the event stands in for that of the object', () => {
    const { namespace: _, ...involvedObject } = wireEvent.involvedObject;
    expect(faultOf(parseEvent({ involvedObject })).resource.namespace).toBe('shop');
  });

  test('a Normal event is ignored', () => {
    expect(parseEvent({ type: 'Normal' })).toEqual({ kind: 'ignored', reason: 'normal_event' });
  });

  test.each([
    ['event', { type: undefined }],
    ['event', { type: 'Alarm' }],
    ['event', { involvedObject: 'Pod' }],
    ['faultType', { reason: '' }],
    ['resource', { involvedObject: { kind: 'Pod' } }],
  ])('an event with a bad %s is malformed: %j', (reason, changes) => {
    expect(parseEvent(changes)).toMatchObject({ kind: 'malformed', reason });
  });

  test('a notification without an event is malformed', () => {
    expect(parse('kubernetes/events', { cluster: CLUSTER })).toMatchObject({ kind: 'malformed', reason: 'event' });
  });
});

describe('everything else', () => {
  test('a subscription error tells the reason and whether the subscription is degraded', () => {
    expect(parse('kubernetes/subscription_error', { error: 'watch failed', degraded: true })).toEqual({
      kind: 'subscription-error',
      message: 'watch failed',
      degraded: true,
    });
    expect(parse('kubernetes/subscription_error', {})).toMatchObject({
      message: 'the server gave no reason',
      degraded: false,
    });
  });

  test.each([
    ['kubernetes/faults', { ...wireFault, severity: 7 }],
    ['kubernetes/subscription_error', { subscriptionId: 'sub-1' }],
  ])('a %s notification names its subscription, readable or not', (logger, data) => {
    expect(parse(logger, data)).toHaveProperty('subscriptionId', 'sub-1');
    expect(parse(logger, { ...data, subscriptionId: 7 })).not.toHaveProperty('subscriptionId');
  });

  test('other loggers are ignored', () => {
    expect(parse('kubernetes/other', wireFault)).toEqual({ kind: 'ignored', reason: 'other_logger' });
    expect(parseNotification({ data: wireFault }, { clusterName: CLUSTER, now: NOW })).toMatchObject({
      kind: 'ignored',
    });
  });

  test.each([[undefined], [null], ['text'], [42], [[]], [{ logger: 7 }]])('params %j are malformed', (params) => {
    expect(parseNotification(params, { clusterName: CLUSTER, now: NOW })).toMatchObject({
      kind: 'malformed',
      reason: 'notification',
    });
  });

  test.each([[undefined], [null], ['text'], [[1]]])('data %j is malformed', (data) => {
    expect(parse('kubernetes/faults', data)).toMatchObject({ kind: 'malformed', reason: 'data' });
  });
});
