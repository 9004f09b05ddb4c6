import { KINDS, WATCHED_KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import { ruleFor, type WatchedResource } from '../kubernetes/permissions/watch-checks.ts';

/** Kinds that a kubeconfig must be able to watch; of those that not every cluster serves, the watch itself tells. */
export const WATCHED_RESOURCES: readonly WatchedResource[] = WATCHED_KINDS.filter(
  (kind) => !('optional' in KINDS[kind]),
).map(resourceOf);

/** Returns the RBAC rule that allows detection to read a kind, as one line of YAML. */
export function missingRule(kind: WatchedKind): string {
  return ruleFor(resourceOf(kind));
}

function resourceOf(kind: WatchedKind): WatchedResource {
  const { apiVersion, plural } = KINDS[kind];
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  return { group, resource: plural };
}
