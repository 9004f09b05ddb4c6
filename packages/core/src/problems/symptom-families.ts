/**
 * What kinds of trouble a symptom can show. Every source names the same trouble by the same family, whatever it calls
 * the fault: the kubelet's BackOff Event, a CrashLoopBackOff status and the server's CrashLoop are all `crash`. In the order of cause and consequence: of symptoms that are found together, the first one
 * names the incident.
 */
export const SYMPTOM_FAMILIES = [
  'node',
  'crash',
  'image',
  'config',
  'volume',
  'scheduling',
  'sandbox',
  'probe',
  'rejection',
  'creation',
  'rollout',
  'job',
  'schedule',
  'scaling',
  'endpoints',
  'quota',
  'namespace',
  'certificate',
  'errors',
  'latency',
  'saturation',
  'alert',
  'event',
] as const;
export type SymptomFamily = (typeof SYMPTOM_FAMILIES)[number];

/** The families of alerts. No object shows these symptoms: what receives the alerts keeps them, and no detector clears them. */
export const ALERT_FAMILIES: ReadonlySet<SymptomFamily> = new Set(['errors', 'latency', 'saturation', 'alert']);

/** A symptom as the choice of a problem sees it. */
export interface FamilyMember {
  family: SymptomFamily;
  container?: string | undefined;
}

/**
 * Pairs of families that are two problems when two containers of one workload show them: neither can be the consequence
 * of the other. An image that cannot be pulled and a ConfigMap that is missing are found before any container runs, each
 * for its own container. All other pairs can be cause and consequence, such as a sidecar that crashes and a probe that fails.
 */
export const UNRELATED_FAMILIES: readonly (readonly [SymptomFamily, SymptomFamily])[] = [['image', 'config']];

/** Whether two symptoms of one workload are two problems. A symptom without a container joins any problem. */
export function areUnrelated(one: FamilyMember, other: FamilyMember): boolean {
  if (one.container === undefined || other.container === undefined || one.container === other.container) return false;
  return UNRELATED_FAMILIES.some(
    ([a, b]) => (a === one.family && b === other.family) || (a === other.family && b === one.family),
  );
}
