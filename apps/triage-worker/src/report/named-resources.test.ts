import { describe, expect, it } from 'vitest';
import { namedResources } from './named-resources.ts';

const named = (markdown: string): string[] =>
  namedResources(markdown).map(
    ({ kind, name, namespace }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
  );

describe('names of objects in a report', () => {
  it.each([
    ['The Deployment `cart` has no replicas.', ['Deployment cart']],
    ['pod "cart-7d4b9c8f6d-x2vbq" crashes', ['Pod cart-7d4b9c8f6d-x2vbq']],
    ['The `orders-db` StatefulSet is scaled to 0.', ['StatefulSet orders-db']],
    ['ConfigMap `shop/pricing-rules` is missing', ['ConfigMap shop/pricing-rules']],
    [
      'See deployment/cart and svc/orders, not statefulsets/db.',
      ['Deployment cart', 'Service orders', 'StatefulSet db'],
    ],
    ['Resource: shop/Pod/cart-1', ['Pod shop/cart-1']],
    ['`kubectl get pod -n shop cart-1 -o yaml`', ['Pod shop/cart-1']],
    ['`kubectl logs -n shop cart-1 -c app --previous`', ['Pod shop/cart-1']],
    ['`kubectl rollout undo -n shop deployment/cart`', ['Deployment cart']],
    ['`kubectl describe node node-1`', ['Node node-1']],
    ['`kubectl uncordon node-2`', ['Node node-2']],
    ['```\nkubectl scale --replicas=2 sts db --namespace=shop\n```', ['StatefulSet shop/db']],
    ['PersistentVolumeClaim named `data-db-0`', ['PersistentVolumeClaim data-db-0']],
  ])('%s', (text, expected) => {
    expect(named(text)).toEqual(expected);
  });

  it.each([
    'The pod is not ready, and its node affinity excludes each node.',
    'The Service account lacks a role; the Secret key is wrong.',
    'Pod anti-affinity and pod security standards, service mesh, node-level, job queue, secret rotation.',
    'Check the deployment strategy `RollingUpdate` and the service type `LoadBalancer`.',
    'The container `app` of the image `nginx` uses the port `http`.',
    'A `CrashLoopBackOff` pod, the `Ready` condition, the `spec.nodeSelector` field.',
    'kubectl get pods -n shop, kubectl top nodes, kubectl get events -A',
    '`kubectl get pod <pod> -n <namespace>` or `kubectl logs POD_NAME`',
    '`kubectl create secret docker-registry regcred -n shop`, `kubectl apply -f deployment/new.yaml`',
    'See https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle and app/v1, apps/v1.',
    'and/or, client/server, 24/7, CPU/memory, read/write, TCP/IP, pod/node trouble',
    'requests.cpu=100m, node-role.kubernetes.io/control-plane, kubernetes.io/hostname',
    'from `deployment` to `pod`, a `job` that fails',
  ])('finds none in: %s', (text) => {
    expect(named(text)).toEqual([]);
  });

  it('reads a bounded number of lines and names', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => `Deployment \`cart-${at}\``).join('\n\n');
    expect(namedResources(many)).toHaveLength(50);
  });
});
