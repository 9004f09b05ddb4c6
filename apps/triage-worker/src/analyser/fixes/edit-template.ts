import type { Workload } from '../../evidence/view/workload.ts';
import { code, show } from '../safe-text.ts';

/** Kinds whose template can be changed in place; a pod and a Job have to be created anew. */
const EDITABLE: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'ReplicaSet']);

/** The step that changes the template of a workload: what is wrong there, and its path. */
export function editTemplate({ kind, namespace, name }: Workload, what: string, path?: string): string {
  const where = path === undefined ? '' : ` (${code(path)})`;
  if (EDITABLE.has(kind))
    return `Correct ${what} in the template${where}: ${show`kubectl edit -n ${namespace} ${`${kind.toLowerCase()}/${name}`}`}`;
  return `Correct ${what} in its manifest${where} and create it anew, since a ${kind} cannot be changed: ${show`kubectl get -n ${namespace} ${`${kind.toLowerCase()}/${name}`} -o yaml`}`;
}
