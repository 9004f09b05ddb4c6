import type { Labels } from '../matching/matcher.ts';

/** The labels of a problem that matchers of routes and silences can name, besides `labels.NAME` for those of its cluster. */
export const ROUTE_LABELS = [
  'cluster',
  'environment',
  'namespace',
  'workload',
  'node',
  'kind',
  'name',
  'container',
  'fault_type',
  'severity',
  'component',
] as const;
export type RouteLabel = (typeof ROUTE_LABELS)[number];

/** Prefix of the labels of the cluster. */
const CLUSTER_LABEL = 'labels.';

/** Returns whether a matcher may name the label. */
export function isRouteLabel(name: string): boolean {
  return name.startsWith(CLUSTER_LABEL) || ROUTE_LABELS.some((label) => label === name);
}

/**
 * Returns the labels of a problem. A label without a value is missing.
 * @param clusterLabels those of its cluster's entry
 */
export function routeLabels(
  own: Partial<Record<RouteLabel, string | undefined>>,
  clusterLabels: Readonly<Record<string, string>> = {},
): Labels {
  const found = new Map(Object.entries(clusterLabels).map(([name, value]) => [`${CLUSTER_LABEL}${name}`, value]));
  for (const name of ROUTE_LABELS) {
    const value = own[name];
    if (value !== undefined) found.set(name, value);
  }
  return found;
}
