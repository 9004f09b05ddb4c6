import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubernetes } from '@nightcrier/cluster/kubernetes/client';
import { isClusterAway } from '@nightcrier/cluster/kubernetes/kubernetes-error';
import { afterEach, describe, expect, it } from 'vitest';
import { collectEvidence } from '../../src/evidence/collect/collect-evidence.ts';
import { piecesOf } from '../../src/evidence/evidence.ts';
import { breakCluster } from './scenario-evidence.ts';
import { faultOf } from './fault-of.ts';

type Answer = { status?: number; body: unknown } | undefined;

let server: Server | undefined;
let folder: string | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** An API server for what no simulated cluster shows; without an answer it gives 404. */
async function serve(answer: (url: URL) => Answer) {
  const requested: URL[] = [];
  const accepted = new Map<string, string | undefined>();
  const listening = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://cluster');
    requested.push(url);
    accepted.set(url.pathname, request.headers.accept);
    const { status = 200, body } = answer(url) ?? { status: 404, body: { message: 'not found' } };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }).listen(0, '127.0.0.1');
  server = listening;
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-evidence-'));
  const file = path.join(folder, 'kubeconfig.json');
  const content = {
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server: `http://127.0.0.1:${address.port}` } }],
    users: [{ name: 'x', user: { token: 'x' } }],
  };
  await writeFile(file, JSON.stringify(content));
  return { requested, accepted, kubernetes: await openKubernetes(file) };
}

const pod = (name: string, extra: object = {}): object => ({
  metadata: {
    name,
    namespace: 'shop',
    ownerReferences: [{ kind: 'ReplicaSet', name: 'set-10', controller: true }],
    managedFields: [{}],
  },
  spec: { nodeName: 'node-1', containers: [{ name: 'app' }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: true, state: { running: {} } }], ...extra },
});
const READY = { conditions: [{ type: 'Ready', status: 'True' }] };

describe('collectEvidence', () => {
  it('throws, for another try, when the API server is out of reach', async () => {
    await using broken = await breakCluster('oom-killed');
    await using kubernetes = await broken.open();
    await broken.cluster.stopKubernetes();
    const error: unknown = await collectEvidence({ kubernetes, fault: broken.fault }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('cannot reach https://127.0.0.1'),
    });
    expect(isClusterAway(error)).toBe(true);
  });

  it('throws, for another try, when the API server rejects the credentials', async () => {
    await using broken = await breakCluster('oom-killed');
    await using kubernetes = await broken.open('no-such-token');
    const error: unknown = await collectEvidence({ kubernetes, fault: broken.fault }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'credentials', status: 401 });
    expect(isClusterAway(error)).toBe(true);
  });

  it('throws, for another try, when the API server is too busy for the first request', async () => {
    const { kubernetes } = await serve(() => ({ status: 503, body: { message: 'overloaded' } }));
    await expect(collectEvidence({ kubernetes, fault: faultOf() })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('takes a later failure for a gap', async () => {
    const { kubernetes } = await serve(({ pathname }) =>
      pathname.endsWith('/pods/cart-1') ? { body: pod('cart-1') } : { status: 503, body: { message: 'overloaded' } },
    );
    const evidence = await collectEvidence({ kubernetes, fault: faultOf() });
    expect(piecesOf(evidence, 'gap').map(({ reason }) => reason)).toContainEqual(expect.stringContaining('overloaded'));
  });

  it('throws the reason of an abort', async () => {
    const { kubernetes } = await serve(() => ({ body: pod('cart-1') }));
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(collectEvidence({ kubernetes, fault: faultOf(), signal })).rejects.toThrow('shutting down');
  });

  it("puts the worst pods of a Deployment's newest ReplicaSet first, at most five", async () => {
    const labels = { app: 'cart' };
    let more: string | undefined;
    const crashed = { containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }] };
    const pods = [
      ...[1, 2, 3, 4, 5, 6].map((number) => pod(`well-${number}`, READY)),
      pod('crashed', crashed),
      { ...pod('stranger', crashed), metadata: { name: 'stranger', namespace: 'shop' } },
    ];
    const set = (uid: string, revision: string, owner = 'cart') => ({
      metadata: {
        name: uid,
        namespace: 'shop',
        uid,
        annotations: { 'deployment.kubernetes.io/revision': revision },
        ownerReferences: [{ kind: 'Deployment', name: owner, controller: true }],
      },
    });
    const { kubernetes, requested } = await serve(({ pathname }) => {
      if (pathname.endsWith('/deployments/cart')) {
        return {
          body: {
            metadata: { name: 'cart', namespace: 'shop', uid: 'deployment' },
            spec: { selector: { matchLabels: labels } },
          },
        };
      }
      if (pathname.endsWith('/replicasets'))
        return { body: { items: [set('set-2', '2'), set('set-10', '10'), set('x', '99', 'other')] } };
      return pathname.endsWith('/pods') ? { body: { items: pods, metadata: { continue: more } } } : undefined;
    });
    const fault = faultOf('DeploymentFailure', { kind: 'Deployment', name: 'cart', apiVersion: 'apps/v1' });
    const evidence = await collectEvidence({ kubernetes, fault });
    const names = (role: string) =>
      piecesOf(evidence, 'object')
        .filter((piece) => piece.role === role)
        .map(({ object }) => object.metadata?.name);
    expect(names('replicaSet')).toEqual(['set-10']);
    expect(names('pod')).toEqual(['crashed', 'well-1', 'well-2', 'well-3', 'well-4']);
    const selectors = () =>
      requested
        .filter(({ pathname }) => pathname.endsWith('/pods'))
        .map((url) => url.searchParams.get('labelSelector'));
    expect(selectors()).not.toContain('app=cart');
    // In a namespace of more pods than a page holds, those of the workload are asked for by their labels.
    more = 'next-page';
    await collectEvidence({ kubernetes, fault });
    expect(selectors()).toContain('app=cart');
  });

  it('keeps the last 64 KiB of a log, and takes a missing previous log for no gap', async () => {
    const container = { name: 'app', restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const { kubernetes, requested } = await serve(({ pathname, searchParams }) => {
      if (pathname.endsWith('/pods/cart-1')) return { body: pod('cart-1', { containerStatuses: [container] }) };
      if (!pathname.endsWith('/log')) return undefined;
      return searchParams.get('previous') === 'true'
        ? { status: 400, body: { message: 'previous terminated container "app" in pod "cart-1" not found' } }
        : { body: `${`${'x'.repeat(999)}\n`.repeat(100)}the end\n` };
    });
    const evidence = await collectEvidence({ kubernetes, fault: faultOf() });
    const logs = piecesOf(evidence, 'log');
    expect(logs).toHaveLength(1);
    expect(logs[0]?.text).toMatch(/^x{999}\n[^]*the end\n$/);
    expect(Buffer.byteLength(logs[0]?.text ?? '')).toBeLessThanOrEqual(64 * 1024);
    expect(piecesOf(evidence, 'gap').filter(({ command }) => command.includes('logs'))).toEqual([]);
    const asked = requested
      .filter(({ pathname }) => pathname.endsWith('/log'))
      .map(({ searchParams }) => searchParams.get('tailLines'));
    expect(asked).toEqual(['200', '200']);
  });

  it('keeps the 100 newest events, newest first, and drops managedFields', async () => {
    const items = Array.from({ length: 150 }, (_, minute) => ({
      metadata: { managedFields: [{}] },
      message: `event ${minute}`,
      lastTimestamp: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    }));
    const { kubernetes } = await serve(({ pathname }) => {
      if (pathname.endsWith('/pods/cart-1')) return { body: pod('cart-1') };
      return pathname.endsWith('/events') ? { body: { items } } : undefined;
    });
    const evidence = await collectEvidence({ kubernetes, fault: faultOf() });
    const [events] = piecesOf(evidence, 'events');
    expect(events?.events).toHaveLength(100);
    expect(events?.events[0]?.message).toBe('event 149');
    expect(JSON.stringify(evidence)).not.toContain('managedFields');
  });

  it("asks for a ConfigMap's metadata alone, and keeps no content even if the server sends it", async () => {
    const waiting = { state: { waiting: { reason: 'CreateContainerConfigError' } } };
    const container = { name: 'app', envFrom: [{ configMapRef: { name: 'rules' } }] };
    const { kubernetes, accepted } = await serve(({ pathname }) => {
      if (pathname.endsWith('/configmaps/rules')) return { body: { data: { password: 'hunter2' } } };
      if (!pathname.endsWith('/pods/cart-1')) return undefined;
      const trouble = pod('cart-1', { containerStatuses: [{ name: 'app', ...waiting }] });
      return { body: { ...trouble, spec: { nodeName: 'node-1', containers: [container] } } };
    });
    const evidence = await collectEvidence({ kubernetes, fault: faultOf() });
    expect(piecesOf(evidence, 'existence')).toMatchObject([{ name: 'rules', exists: true }]);
    expect(JSON.stringify(evidence)).not.toContain('hunter2');
    expect(accepted.get('/api/v1/namespaces/shop/configmaps/rules')).toContain('as=PartialObjectMetadata');
  });

  it('finds a kind that is not built in by discovery', async () => {
    const { kubernetes } = await serve(({ pathname }) => {
      if (pathname === '/apis/example.com/v1') {
        return { body: { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] } };
      }
      return pathname === '/apis/example.com/v1/namespaces/shop/widgets/w'
        ? { body: { metadata: { name: 'w' } } }
        : undefined;
    });
    const fault = faultOf('Odd', { kind: 'Widget', name: 'w', apiVersion: 'example.com/v1' });
    const evidence = await collectEvidence({ kubernetes, fault });
    expect(evidence.pieces[0]).toMatchObject({
      type: 'object',
      command: 'kubectl get widget.example.com -n shop w -o yaml',
      object: { kind: 'Widget', apiVersion: 'example.com/v1' },
    });
  });

  it.each([
    { kind: 'Secret', name: 'db-password' },
    { kind: 'ConfigMap', name: 'rules' },
    { kind: 'Pod', name: '../secrets/db-password' },
    { kind: 'Pod', name: '..' },
  ])('never asks for the content of $kind $name, whatever a fault names', async (resource) => {
    const { kubernetes, requested } = await serve(({ pathname }) =>
      pathname === '/api/v1'
        ? {
            body: {
              resources: [
                { name: 'secrets', kind: 'Secret', namespaced: true },
                { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
              ],
            },
          }
        : undefined,
    );
    const evidence = await collectEvidence({ kubernetes, fault: faultOf('Odd', resource) });
    expect(evidence.pieces[0]?.type).toBe('gap');
    expect(requested.map(({ pathname }) => pathname)).not.toContainEqual(
      expect.stringMatching(/\/(secrets|configmaps)|\/pods\/\.|\/pods\/db/),
    );
  });
});
