import { askAccess, type AccessScope } from './access-review.ts';

/** A kind of objects that a kubeconfig must be able to list and watch. */
export interface WatchedResource {
  /** Empty: the core group. */
  group: string;
  resource: string;
}

/** Kinds that may not be watched, with the rule that each needs. */
export interface WatchAccess {
  missing: Record<string, string>;
  warnings: string[];
}

/**
 * Asks all at once which kinds may not be listed and watched in all namespaces. A check that cannot be answered does not count as
 * missing: the watch itself will tell.
 * @throws what `askAccess` throws
 */
export async function checkWatching(scope: AccessScope, resources: readonly WatchedResource[]): Promise<WatchAccess> {
  const everywhere = { ...scope, namespace: '' };
  const lacking = await Promise.all(
    resources.map(async ({ group, resource }) => {
      const answers = await Promise.all(
        ['list', 'watch'].map(async (verb) => ({ verb, ...(await askAccess(everywhere, { verb, group, resource })) })),
      );
      const verbs = answers.filter(({ allowed, failure }) => !allowed && failure === undefined).map(({ verb }) => verb);
      return { group, resource, verbs };
    }),
  );
  const missing = lacking.filter(({ verbs }) => verbs.length > 0);
  return {
    missing: Object.fromEntries(missing.map((one) => [one.resource, ruleFor(one)])),
    warnings: missing.map(
      ({ group, resource, verbs }) =>
        `cannot ${verbs.join(' and ')} ${resource}, so that their faults are not seen; it needs the rule ${ruleFor({ group, resource })}`,
    ),
  };
}

/** Returns the RBAC rule that allows detection to read a kind, as one line of YAML. */
export function ruleFor({ group, resource }: WatchedResource): string {
  return `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["get", "list", "watch"]}`;
}
