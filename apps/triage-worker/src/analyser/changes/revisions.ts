import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { ClusterView } from '../../evidence/view/cluster-view.ts';
import { replicaSetsOf, templateOf, type Workload } from '../../evidence/view/workload.ts';

/** A revision of the template of a workload. */
export interface Revision {
  at: string;
  template: Wire<V1PodTemplateSpec> | undefined;
}

/** The revisions of a workload, the newest first: ReplicaSets of a Deployment, ControllerRevisions of the others. */
export function revisionsOf(view: ClusterView, workload: Workload): Revision[] {
  const { kind, name, namespace } = workload;
  if (kind === 'Deployment')
    return replicaSetsOf(view, name, namespace).map(({ metadata, spec }) => ({
      at: metadata?.creationTimestamp ?? '',
      template: spec?.template,
    }));
  if (kind !== 'StatefulSet' && kind !== 'DaemonSet') return [];
  const revisions = view
    .all('ControllerRevision', namespace)
    .filter(({ metadata }) =>
      (metadata?.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === name),
    )
    .sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0))
    .map(({ metadata, data }) => ({ at: metadata?.creationTimestamp ?? '', template: templateIn(data) }));
  // The newest revision is the template of the object; the revision holds a patch of the same content.
  const [newest, ...older] = revisions;
  return newest ? [{ ...newest, template: templateOf(workload) ?? newest.template }, ...older] : [];
}

/** The data of a ControllerRevision of StatefulSets and DaemonSets is `{"spec":{"template":{…}}}`. */
function templateIn(data: unknown): Wire<V1PodTemplateSpec> | undefined {
  const spec = member(data, 'spec');
  const template = member(spec, 'template');
  return typeof template === 'object' && template !== null ? template : undefined;
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(key);
}
