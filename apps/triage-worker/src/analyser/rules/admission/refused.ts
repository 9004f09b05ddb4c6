import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { isKind } from '../../../evidence/kubernetes-object.ts';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { desiredReplicas, type Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';
import { exceededQuota, refusalDetail, refusalIn } from './refusals.ts';

/** The API server refuses the pods of a workload, now: not a refusal that a later try got past. */
export function refused(view: ClusterView, workload: Workload): Hypothesis | undefined {
  const desired = desiredReplicas(workload);
  const ready = workload.pods.filter(isPodReady).length;
  if (desired !== undefined && workload.pods.length >= desired && ready > 0) return undefined;
  const conditions = workload.creators.flatMap(({ object }) =>
    object && (isKind(object, 'Deployment') || isKind(object, 'ReplicaSet'))
      ? (object.status?.conditions ?? [])
          .filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
          .map(({ message = '' }) => ({ message, object }))
      : [],
  );
  const events = workload.creators.flatMap(({ kind, name }) =>
    view
      .eventsAbout(kind, name, workload.namespace)
      .filter(({ reason }) => reason === 'FailedCreate' || reason === 'FailedUpdate'),
  );
  const [condition] = conditions;
  const hasPods = workload.pods.length >= (desired ?? 1);
  const message = condition?.message ?? (hasPods ? undefined : events[0]?.message);
  if (message === undefined) return undefined;
  const evidence = [
    ...(condition ? [quoteField(condition.object, 'ReplicaFailure', condition.message)] : []),
    ...quoteEvents(events, 2),
  ];
  return refusal(view, workload, message, evidence);
}

function refusal(
  view: ClusterView,
  workload: Workload,
  message: string,
  evidence: { command: string; text: string }[],
): Hypothesis {
  const { namespace, name } = workload;
  const quota = exceededQuota(message);
  if (quota) {
    const object = view.get('ResourceQuota', quota.name, namespace);
    return hypothesis({
      cause: quota.cause,
      culprit: { kind: 'Namespace', name: namespace, field: `ResourceQuota/${quota.name}` },
      confidence: 95,
      title: `The ResourceQuota ${plain(quota.name)} of the namespace ${plain(namespace)} is used up`,
      statement: `The pods of ${code(name)} cannot be created: the ResourceQuota ${code(quota.name)} of the namespace ${code(namespace)} is used up (requested ${code(quota.requested)}, used ${code(quota.used)}, limited to ${code(quota.limited)}).`,
      evidence: [...evidence, ...(object ? [quoteField(object, 'status', object.status ?? {})] : [])],
      actions: [
        `See how much is used, and by which pods: ${show`kubectl describe resourcequota -n ${namespace} ${quota.name}`}`,
      ],
    });
  }
  const known = refusalIn(message);
  const account = /serviceaccount "([^"]{1,253})" not found/.exec(message)?.[1];
  const exists = account !== undefined && view.get('ServiceAccount', account, namespace) !== undefined;
  return hypothesis({
    cause: known?.cause ?? 'pod_forbidden',
    culprit: culpritOf(
      workload,
      undefined,
      known?.cause === 'service_account_missing' ? 'spec.serviceAccountName' : undefined,
    ),
    confidence: exists ? 55 : known ? 94 : 72,
    title: `Pods of ${plain(name)} cannot be created${known ? `: ${plain(account ? `service account ${account} does not exist` : (refusalDetail(message) ?? known.words))}` : ''}`,
    statement: `The API server refuses the pods of ${code(name)}${known ? `: ${known.words}` : ''}. It says: ${code(message, 500)}.`,
    evidence,
    ...(account && {
      actions: [
        `Create it, or correct serviceAccountName: ${show`kubectl create serviceaccount -n ${namespace} ${account}`}`,
      ],
    }),
  });
}
