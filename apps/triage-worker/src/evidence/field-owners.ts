import type { V1ManagedFieldsEntry } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';

/** A client that set fields of an object, as `managedFields` records it. */
export interface FieldOwner {
  /** Such as `kubectl-edit`, `helm`, `argocd-controller`. */
  manager: string;
  operation: string;
  /** RFC 3339. */
  time: string;
  /** Paths of fields, such as `spec.template.spec.containers[app].image`; at most {@link MOST_FIELDS}. */
  fields: string[];
}

const MOST_FIELDS = 40;
const MOST_OWNERS = 8;
const DEEPEST = 12;

/** Returns who set the fields of an object outside of its status, the newest first. */
export function fieldOwners(entries: readonly Wire<V1ManagedFieldsEntry>[] | undefined): FieldOwner[] {
  return (entries ?? [])
    .flatMap(({ manager = '', operation = '', time, subresource, fieldsV1 }): FieldOwner[] => {
      if (time === undefined || (subresource ?? '') !== '') return [];
      const fields: string[] = [];
      collect(fieldsV1, '', fields, 0);
      return [{ manager, operation, time, fields }];
    })
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
    .slice(0, MOST_OWNERS);
}

/** Adds the leaves of a field set; those of the status belong to controllers. */
function collect(node: unknown, path: string, found: string[], depth: number): void {
  if (found.length >= MOST_FIELDS || depth > DEEPEST) return;
  const children = typeof node === 'object' && node !== null ? Object.entries(node).filter(([key]) => key !== '.') : [];
  if (children.length === 0) {
    if (path !== '') found.push(path);
    return;
  }
  for (const [key, child] of children) {
    const name = nameOf(key);
    if (name === undefined || (path === '' && name === 'status')) continue;
    collect(child, name.startsWith('[') || path === '' ? `${path}${name}` : `${path}.${name}`, found, depth + 1);
  }
}

/** `f:image` is a field, `k:{"name":"app"}` an item of a list by its key, `v:"x"` an item by its value. */
function nameOf(key: string): string | undefined {
  const [kind, rest] = [key.slice(0, 2), key.slice(2)];
  if (kind === 'f:') return rest.slice(0, 200);
  if (kind !== 'k:' && kind !== 'v:') return undefined;
  try {
    const value: unknown = JSON.parse(rest);
    const parts = typeof value === 'object' && value !== null ? Object.values(value) : [value];
    return `[${parts.map(String).join(',').slice(0, 200)}]`;
  } catch {
    return undefined;
  }
}
