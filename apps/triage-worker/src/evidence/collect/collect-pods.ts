import { podIn, type Collection } from './collection.ts';
import type { ObjectPiece } from '../evidence.ts';
import { isWorkload } from '../kubernetes-object.ts';
import { podTrouble } from '../pod-trouble.ts';
import { builtInType } from '../resource-type.ts';

const MAX_PODS = 5;

/** The pod at fault itself, or the worst pods of a workload (for a Deployment, with its newest ReplicaSet). */
export async function collectPods(collection: Collection, resource: ObjectPiece | undefined): Promise<ObjectPiece[]> {
  if (resource?.object.kind === 'Pod') return [resource];
  const { namespace } = resource?.object.metadata ?? {};
  const selector = resource && labelSelector(resource);
  if (resource === undefined || namespace === undefined || selector === undefined) return [];

  const { reader, pieces } = collection;
  let parents = [resource];
  if (resource.object.kind === 'Deployment') {
    const found = await reader.list('replicaSet', builtInType('ReplicaSet'), { namespace, selector });
    if (!Array.isArray(found)) {
      pieces.push(found);
      return [];
    }
    parents = found.filter((set) => isOwnedBy(set, [resource])).sort((a, b) => revisionOf(b) - revisionOf(a));
    pieces.push(...parents.slice(0, 1));
  }
  const found = await reader.list('pod', builtInType('Pod'), { namespace, selector });
  if (!Array.isArray(found)) {
    pieces.push(found);
    return [];
  }
  const pods = found
    .filter((pod) => isOwnedBy(pod, parents))
    .sort((a, b) => podTrouble(podIn(b)) - podTrouble(podIn(a)))
    .slice(0, MAX_PODS);
  pieces.push(...pods);
  return pods;
}

function isOwnedBy({ object }: ObjectPiece, owners: ObjectPiece[]): boolean {
  const uids = new Set(owners.map((owner) => owner.object.metadata?.uid));
  return (object.metadata?.ownerReferences ?? []).some(({ uid }) => uid !== undefined && uids.has(uid));
}

function revisionOf({ object }: ObjectPiece): number {
  return Number(object.metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}

/** A workload's selector in kubectl's notation: `app=cart,tier in (a,b)`. */
function labelSelector({ object }: ObjectPiece): string | undefined {
  const { matchLabels, matchExpressions = [] } = (isWorkload(object) && object.spec?.selector) || {};
  const terms = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key = '', operator, values = [] } of matchExpressions) {
    if (operator === 'Exists') terms.push(key);
    else if (operator === 'DoesNotExist') terms.push(`!${key}`);
    else terms.push(`${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${values.join(',')})`);
  }
  return terms.length > 0 ? terms.join(',') : undefined;
}
