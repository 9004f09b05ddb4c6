import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { KubernetesObject } from '../../../evidence/kubernetes-object.ts';
import { kubectlName } from '../../../evidence/resource-type.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { culpritObject, hypothesis } from '../../hypothesis.ts';
import { quoteEvents } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

/** Reasons of the service controller, the AWS Load Balancer Controller, GKE's and Azure's ingress controllers. */
const FAILED =
  /^(SyncLoadBalancerFailed|CreatingLoadBalancerFailed|UpdateLoadBalancerFailed|DeletingLoadBalancerFailed|UnAvailableLoadBalancer|FailedBuildModel|FailedDeployModel|FailedNetworkReconcile|LoadBalancerNegNotReady|Translate|Sync)$/;

/** The load balancer of a Service or Ingress cannot be created: the cloud or its controller says why. */
export function loadBalancerTrouble(view: ClusterView, object: KubernetesObject): Hypothesis | undefined {
  const { kind = '', metadata } = object;
  const { name = '', namespace = 'default' } = metadata ?? {};
  const events = view
    .eventsAbout(kind, name, namespace)
    .filter(({ reason, event }) => FAILED.test(reason) && event.type === 'Warning');
  const [newest] = events;
  if (newest === undefined) return undefined;
  const reason = newest.message.replace(/^Error syncing load balancer: |^failed to ensure load balancer: /g, '');
  return hypothesis({
    cause: 'load_balancer_failed',
    culprit: culpritObject(object),
    confidence: 88,
    title: `The load balancer of ${plain(`${kind} ${name}`)} cannot be created: ${plain(reason)}`,
    statement: `The load balancer of the ${kind} ${code(name)} cannot be created. Its controller says: ${code(newest.message, 400)}.`,
    evidence: quoteEvents(events, 3),
    actions: [
      `See the object with its annotations and events: ${show`kubectl describe ${kubectlName({ kind, apiVersion: object.apiVersion ?? 'v1' })} -n ${namespace} ${name}`}`,
    ],
  });
}
