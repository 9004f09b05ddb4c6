import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { Kinds } from '../../../evidence/kubernetes-object.ts';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { ClusterView, SeenEvent } from '../../../evidence/view/cluster-view.ts';
import { templateOf, workloadNamed } from '../../../evidence/view/workload.ts';
import { hypothesis } from '../../hypothesis.ts';
import { quoteEvents, quoteField } from '../../quotes.ts';
import { code, plain, show } from '../../safe-text.ts';

/** An autoscaler that cannot compute its metric. */
export function hpaTrouble(view: ClusterView, hpa: Wire<Kinds['HorizontalPodAutoscaler']>): Hypothesis | undefined {
  const { name = '', namespace = 'default' } = hpa.metadata ?? {};
  const events = view
    .eventsAbout('HorizontalPodAutoscaler', name, namespace)
    .filter(({ reason }) => reason.startsWith('Failed'));
  const condition = (hpa.status?.conditions ?? []).find(
    ({ type, status }) => (type === 'ScalingActive' || type === 'AbleToScale') && status === 'False',
  );
  const message = condition?.message ?? events[0]?.message;
  if (message === undefined) return undefined;
  if (condition?.reason === 'FailedGetScale' || events[0]?.reason === 'FailedGetScale')
    return noTarget(hpa, message, events);
  const [, resource] = /missing request for (\w+)/.exec(message) ?? [];
  const target = hpa.spec?.scaleTargetRef;
  const workload = target?.kind && target.name ? workloadNamed(view, target.kind, target.name, namespace) : undefined;
  const lacking =
    resource === undefined
      ? []
      : (workload ? (templateOf(workload)?.spec?.containers ?? []) : [])
          .filter(({ resources }) => resources?.requests?.[resource] === undefined)
          .map(({ name: container = '' }) => container);
  const named = /missing request for \w+ in container ([\w.-]+)/.exec(message)?.[1];
  const containers = named === undefined ? lacking : [named];
  return hypothesis({
    cause: 'hpa_no_metrics',
    culprit: { kind: 'HorizontalPodAutoscaler', namespace, name, ...(containers[0] && { container: containers[0] }) },
    confidence: resource ? 94 : 86,
    title: `The autoscaler ${plain(name)} cannot compute its metric${resource ? `: ${plain(containers[0] ?? target?.name ?? '')} has no request for ${plain(resource)}` : ''}`,
    statement: `The HorizontalPodAutoscaler ${code(name)} cannot scale ${code(target?.name ?? '')}${resource ? `, because the container ${code(containers.join(', ') || '?')} has no request for ${code(resource)}, of which the percentage is taken` : ''}. It says: ${code(message, 400)}.`,
    evidence: [quoteField(hpa, 'status.conditions', hpa.status?.conditions ?? []), ...quoteEvents(events, 2)],
  });
}

function noTarget(hpa: Wire<Kinds['HorizontalPodAutoscaler']>, message: string, events: SeenEvent[]): Hypothesis {
  const { name = '', namespace = 'default' } = hpa.metadata ?? {};
  const target = `${hpa.spec?.scaleTargetRef?.kind ?? ''} ${hpa.spec?.scaleTargetRef?.name ?? ''}`;
  return hypothesis({
    cause: 'hpa_target_missing',
    culprit: { kind: 'HorizontalPodAutoscaler', namespace, name, field: 'spec.scaleTargetRef' },
    confidence: /not found/.test(message) ? 92 : 62,
    title: `The autoscaler ${plain(name)} cannot read its target ${plain(target)}`,
    statement: `The HorizontalPodAutoscaler ${code(name)} cannot read ${code(target)}, which it is to scale. It says: ${code(message, 400)}.`,
    evidence: [quoteField(hpa, 'spec.scaleTargetRef', hpa.spec?.scaleTargetRef ?? {}), ...quoteEvents(events, 2)],
    actions: [`Correct scaleTargetRef: ${show`kubectl edit horizontalpodautoscaler -n ${namespace} ${name}`}`],
  });
}
