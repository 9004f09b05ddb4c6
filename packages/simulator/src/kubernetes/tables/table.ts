import type { KubernetesObject } from '../objects/kubernetes-object.ts';
import { columnsOf } from './table-columns.ts';

/** Returns whether a client requests a server-side table, as `kubectl get` does. */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.includes('as=Table') ?? false;
}

/**
 * Returns the objects as a `meta.k8s.io/v1` Table.
 *
 * @param include content of each row: `Object` the whole object, `None` nothing, anything else its metadata
 */
export function tableOf(
  kind: string,
  objects: readonly KubernetesObject[],
  metadata: object,
  include: string | null,
  now: Date,
): object {
  const columns = columnsOf(kind);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map((column, index) => ({
      name: column.name,
      type:
        typeof column.cell({ apiVersion: '', kind, metadata: { name: '' } }, now) === 'number' ? 'integer' : 'string',
      format: index === 0 && column.name === 'Name' ? 'name' : '',
      description: column.name,
      priority: column.priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...rowObject(object, include),
    })),
  };
}

function rowObject(object: KubernetesObject, include: string | null): object {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}
