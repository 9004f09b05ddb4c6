import type { KubernetesObject } from '../../evidence/kubernetes-object.ts';
import { z } from 'zod';

const Status = z.object({
  // Argo CD: Application.
  sync: z.object({ revision: z.string().optional() }).optional(),
  operationState: z.object({ finishedAt: z.string().optional() }).optional(),
  // Flux: Kustomization and HelmRelease.
  lastAppliedRevision: z.string().optional(),
  lastAttemptedRevision: z.string().optional(),
  conditions: z.array(z.object({ type: z.string(), lastTransitionTime: z.string().optional() })).optional(),
});

/** The revision that a GitOps tool applied last, and when. */
export function syncOf({ status }: KubernetesObject): { revision: string; at?: string } | undefined {
  const parsed = Status.safeParse(status);
  if (!parsed.success) return undefined;
  const { sync, operationState, lastAppliedRevision, lastAttemptedRevision, conditions = [] } = parsed.data;
  const revision = sync?.revision ?? lastAppliedRevision ?? lastAttemptedRevision;
  if (revision === undefined) return undefined;
  const at = operationState?.finishedAt ?? conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return { revision, ...(at !== undefined && { at }) };
}
