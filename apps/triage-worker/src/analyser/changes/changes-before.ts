import type { Change } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { deliveryOf } from '../../evidence/deliveries.ts';
import type { FieldOwner } from '../../evidence/field-owners.ts';
import { kubectl } from '../../evidence/kubectl-command.ts';
import type { KubernetesObject } from '../../evidence/kubernetes-object.ts';
import { referencedConfigMaps } from '../../evidence/pod-trouble.ts';
import { commandFor, type ClusterView } from '../../evidence/view/cluster-view.ts';
import { servicesOf } from '../../evidence/view/service-links.ts';
import { templateOf, type Workload } from '../../evidence/view/workload.ts';
import { code } from '../safe-text.ts';
import { revisionsOf } from './revisions.ts';
import { syncOf } from './sync-of.ts';
import { templateDifferences } from './template-differences.ts';

/** A change counts when it is no older than this before the fault. */
const RELEVANT_MS = 24 * 3_600_000;
const MOST = 8;
/** Kinds whose rules apply to all pods of the namespace. */
const OF_NAMESPACE = ['NetworkPolicy', 'ResourceQuota', 'LimitRange'] as const;
/** Controllers of Kubernetes write what others asked for. */
const CONTROLLERS =
  /^(kube-controller-manager|kubelet|kube-scheduler|cloud-controller-manager|coredns|metrics-server)$/;

/** What changed before the fault: templates, replicas, ConfigMaps, and what else applies to the pods; who changed it, where that is recorded. */
export function changesBefore(view: ClusterView, fault: FaultEvent, workloads: Workload[]): Change[] {
  const until = Date.parse(fault.timestamp) || view.now;
  const [first] = workloads;
  return [
    ...workloads.slice(0, 2).flatMap((workload) => rollout(view, workload, until)),
    ...workloads.slice(0, 2).flatMap((workload) => scaling(workload, until)),
    ...workloads.slice(0, 2).flatMap((workload) => configMaps(view, workload, until)),
    ...(first ? surroundings(view, first, until) : []),
  ].slice(0, MOST);
}

function rollout(view: ClusterView, workload: Workload, until: number): Change[] {
  const { kind, name, namespace, object } = workload;
  const [current, before] = revisionsOf(view, workload);
  if (current === undefined || !isRelevant(current.at, until)) return [];
  const command = kubectl('rollout', 'history', '-n', namespace, `${kind.toLowerCase()}/${name}`);
  const { at } = current;
  const because = object?.metadata?.annotations?.['kubernetes.io/change-cause']?.split('\n')[0];
  const by = object && deliveredBy(view, object);
  const details = [...(because ? [code(because, 200)] : []), ...(by ? [by] : [])];
  const addition = details.length > 0 ? ` (${details.join('; ')})` : '';
  const when = whenOf(at, until);
  if (before === undefined)
    return [{ at, what: `The first revision of ${code(name)} was created ${when}${addition}.`, command }];
  const differences = templateDifferences(current.template, before.template);
  return [
    { at, what: `A new revision of ${code(name)} was rolled out ${when}${addition}.`, command },
    ...differences.map(({ path, text }) => {
      const owner = ownerOf(object, `spec.template.${path}`);
      return { at, what: owner ? `${text} (set by ${code(owner.manager)})` : text, command };
    }),
  ];
}

function scaling({ kind, name, object }: Workload, until: number): Change[] {
  const owner = ownerOf(object, 'spec.replicas');
  const { replicas } = (object?.spec ?? {}) as { replicas?: number };
  const created = Date.parse(object?.metadata?.creationTimestamp ?? '');
  const isCreation = owner !== undefined && Math.abs(Date.parse(owner.time) - created) < 2_000;
  if (object === undefined || owner === undefined || isCreation || !isRelevant(owner.time, until)) return [];
  // An owner has one time for all of its fields: only one that owns nothing else has surely changed this one then.
  if (owner.fields.some((field) => !field.startsWith('metadata') && field !== 'spec.replicas')) return [];
  return [
    {
      at: owner.time,
      what: `${kind} ${code(name)} was scaled to ${code(String(replicas ?? 1))} replicas by ${code(owner.manager)} ${whenOf(owner.time, until)}.`,
      command: commandFor(object),
    },
  ];
}

function configMaps(view: ClusterView, workload: Workload, until: number): Change[] {
  const template = templateOf(workload);
  if (!template?.spec) return [];
  return referencedConfigMaps(template.spec).flatMap((name) => {
    const map = view.configMap(workload.namespace, name);
    const [owner] = map?.changedBy ?? [];
    if (map === undefined || owner === undefined || !isRelevant(owner.time, until)) return [];
    const started = Math.max(
      0,
      ...workload.pods.map(({ status }) => Date.parse(status?.startTime ?? '')).filter((time) => !Number.isNaN(time)),
    );
    const isUnseen = started > 0 && Date.parse(owner.time) > started;
    return [
      {
        at: owner.time,
        what: `ConfigMap ${code(name)} was changed by ${code(owner.manager)} ${whenOf(owner.time, until)}${isUnseen ? ', after the pods had started' : ''}.`,
        command: map.command,
      },
    ];
  });
}

/** Services, policies and limits that apply to the workload. */
function surroundings(view: ClusterView, workload: Workload, until: number): Change[] {
  const { namespace } = workload;
  const objects: KubernetesObject[] = [
    ...servicesOf(view, workload),
    ...OF_NAMESPACE.flatMap((kind): KubernetesObject[] => view.all(kind, namespace)),
  ];
  return objects.flatMap((object) => {
    const { kind = '', metadata, changedBy = [] } = object;
    const owner = changedBy.find(({ manager, fields }) => !CONTROLLERS.test(manager) && fields.some(isContent));
    const at = owner?.time ?? metadata?.creationTimestamp;
    if (at === undefined || !isRelevant(at, until) || Date.parse(at) > until) return [];
    // A Service is created with its workload.
    if (kind === 'Service' && isSame(at, metadata?.creationTimestamp)) return [];
    return [
      {
        at,
        what: `${kind} ${code(metadata?.name ?? '')} was ${owner && !isSame(at, metadata?.creationTimestamp) ? 'changed' : 'created'}${owner ? ` by ${code(owner.manager)}` : ''} ${whenOf(at, until)}.`,
        command: commandFor(object),
      },
    ];
  });
}

function deliveredBy(view: ClusterView, object: KubernetesObject): string | undefined {
  const delivery = deliveryOf(object);
  if (delivery === undefined) return undefined;
  const found = view.find(delivery.kind, delivery.name, delivery.namespace);
  const sync = found && syncOf(found);
  return `delivered by ${delivery.tool}, ${delivery.kind} ${code(delivery.name)}${sync ? `, revision ${code(sync.revision)}${sync.at ? ` at ${code(sync.at)}` : ''}` : ''}`;
}

/** The newest client that set a field or one below it. */
function ownerOf(object: KubernetesObject | undefined, path: string): FieldOwner | undefined {
  return (object?.changedBy ?? []).find(
    ({ manager, fields }) =>
      !CONTROLLERS.test(manager) &&
      fields.some((field) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`)),
  );
}

function isContent(field: string): boolean {
  return !field.startsWith('metadata');
}

function isSame(at: string, created: string | undefined): boolean {
  return Math.abs(Date.parse(at) - Date.parse(created ?? '')) < 2_000;
}

function isRelevant(at: string, until: number): boolean {
  const age = until - Date.parse(at);
  return age <= RELEVANT_MS;
}

function whenOf(at: string, until: number): string {
  const delay = Math.round((until - Date.parse(at)) / 1000);
  return delay >= 0 ? `${duration(delay)} before the fault` : `${duration(-delay)} after the fault began`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${String(seconds)} s`;
  return seconds < 7_200 ? `${String(Math.round(seconds / 60))} min` : `${String(Math.round(seconds / 3_600))} h`;
}
