import type { Severity } from '../faults/severity.ts';
import type { Labels } from './matcher.ts';

/** What matchers of routes, silences and maintenance windows can be about. */
export interface Labelled {
  cluster: string;
  environment?: string | undefined;
  /** Those of the cluster in the configuration. */
  labels: Readonly<Record<string, string>>;
  namespace?: string | undefined;
  /** Name of the resolved owner. */
  workload?: string | undefined;
  node?: string | undefined;
  /** For a problem of Nightcrier itself. */
  component?: string | undefined;
  fault_type?: string | undefined;
  severity: Severity;
}

/** The names of the labels that a problem itself has. They hide labels of a cluster with the same name. */
export const PROBLEM_LABELS = [
  'cluster',
  'environment',
  'namespace',
  'workload',
  'node',
  'component',
  'fault_type',
  'severity',
] as const;

/** Returns the labels of a problem: those of its cluster by their own names, and {@link PROBLEM_LABELS}. */
export function problemLabels({ labels, ...own }: Labelled): Labels {
  return new Map([
    ...Object.entries(labels),
    ...PROBLEM_LABELS.flatMap((name): [string, string][] => {
      const value = own[name];
      return value === undefined ? [] : [[name, value]];
    }),
  ]);
}
