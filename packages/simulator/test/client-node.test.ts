import { AppsV1Api, AuthorizationV1Api, CoreV1Api, KubeConfig, Watch, type V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulatedCluster, type SimulatedCluster } from '../src/simulated-cluster.ts';

let cluster: SimulatedCluster;

beforeAll(async () => {
  cluster = await startSimulatedCluster({
    name: 'alpha',
    tls: true,
    users: {
      reader: 'read-only',
      podsOnly: 'pods-only',
      nobody: 'nothing',
      custom: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'], namespaces: ['shop'] }],
    },
  });
  await cluster.run('crash-loop-back-off');
  await cluster.run('image-pull-back-off');
});
afterAll(() => cluster.stop());

function configOf(token?: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfig(token));
  return config;
}
const core = (token?: string) => configOf(token).makeApiClient(CoreV1Api);

test('lists by label and field, over all namespaces and in one', async () => {
  const byLabel = await core().listPodForAllNamespaces({ labelSelector: 'app in (checkout, ghost)' });
  expect(byLabel.items.map((pod) => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason)).toEqual([
    'CrashLoopBackOff',
  ]);
  const byField = await core().listNamespacedPod({ namespace: 'shop', fieldSelector: 'status.phase=Pending' });
  expect(byField.items.map((pod) => pod.metadata?.labels?.['app'])).toEqual(['recommendations']);
  const deployments = await configOf().makeApiClient(AppsV1Api).listNamespacedDeployment({ namespace: 'shop' });
  expect(deployments.items).toHaveLength(3);
});

test('pages through a list', async () => {
  const first = await core().listNode({ limit: 2 });
  expect(first.items.map((node) => node.metadata?.name)).toEqual(['node-1', 'node-2']);
  const rest = await core().listNode({ limit: 2, _continue: first.metadata?._continue ?? '' });
  expect(rest.items.map((node) => node.metadata?.name)).toEqual(['node-3']);
  expect(rest.metadata?._continue).toBeUndefined();
});

test('reads logs, and gets the errors of the kubelet', async () => {
  const [checkout] = (await core().listNamespacedPod({ namespace: 'shop', labelSelector: 'app=checkout' })).items;
  const [recommendations] = (
    await core().listNamespacedPod({ namespace: 'shop', labelSelector: 'app=recommendations' })
  ).items;
  const log = (pod: V1Pod | undefined, options = {}) =>
    core().readNamespacedPodLog({ name: pod?.metadata?.name ?? '', namespace: 'shop', ...options });
  expect(await log(checkout, { previous: true, tailLines: 2 })).toMatch(
    /^\S+ WARN {2}connection attempt 3.*\n\S+ FATAL.*\n$/,
  );
  expect(await log(checkout, { limitBytes: 10 })).toHaveLength(10);
  await expect(log(recommendations)).rejects.toThrow(/waiting to start: trying and failing to pull image/);
  await expect(log(checkout, { container: 'ghost' })).rejects.toThrow(/container ghost is not valid for pod checkout/);
});

test('answers access reviews from the rules that apply to requests', async () => {
  const may = async (token: string, resource: string, verb = 'get', subresource = '', namespace = '') => {
    const api = configOf(token).makeApiClient(AuthorizationV1Api);
    const review = await api.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { resource, verb, subresource, namespace } } },
    });
    return review.status?.allowed;
  };
  expect(await may('reader', 'pods', 'get', 'log')).toBe(true);
  expect(await may('reader', 'secrets')).toBe(false);
  expect(await may('reader', 'pods', 'delete')).toBe(false);
  expect(await may('podsOnly', 'pods', 'get', 'log')).toBe(false);
  expect(await may('podsOnly', 'events', 'list')).toBe(false);
  expect(await may('nobody', 'pods')).toBe(false);
  expect(await may('custom', 'pods', 'list', '', 'shop')).toBe(true);
  expect(await may('custom', 'pods', 'list')).toBe(false);
  await expect(core('podsOnly').listEventForAllNamespaces()).rejects.toMatchObject({ code: 403 });
  await expect(core('custom').listPodForAllNamespaces()).rejects.toMatchObject({ code: 403 });
  expect((await core('custom').listNamespacedPod({ namespace: 'shop' })).items).not.toHaveLength(0);
});

test('refuses unknown credentials, and records user and request', async () => {
  await expect(core('stolen').listNode()).rejects.toMatchObject({ code: 401 });
  await core().listNode();
  expect(cluster.kubernetesRequests.slice(-2)).toEqual([
    { method: 'GET', path: '/api/v1/nodes', user: '' },
    { method: 'GET', path: '/api/v1/nodes', user: 'system:serviceaccount:nightcrier:read-only' },
  ]);
});

test('streams changes from a version on, and reports a version that is too old', async () => {
  const list = await core().listNamespacedPod({ namespace: 'payments' });
  const seen: string[] = [];
  const ended = Promise.withResolvers<unknown>();
  const watch = new Watch(configOf());
  const query = { resourceVersion: list.metadata?.resourceVersion };
  const controller = await watch.watch(
    '/api/v1/namespaces/payments/pods',
    query,
    (type, pod: V1Pod) => seen.push(`${type} ${pod.metadata?.labels?.['app']}`),
    ended.resolve,
  );
  const { heal } = await cluster.run('oom-killed');
  heal();
  await expect
    .poll(() => seen)
    .toEqual([
      'ADDED statement-renderer',
      'MODIFIED statement-renderer',
      'MODIFIED statement-renderer',
      'MODIFIED statement-renderer',
      'DELETED statement-renderer',
    ]);
  controller.abort();
  await ended.promise;
});
