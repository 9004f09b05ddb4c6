import type { KubernetesObject } from './kubernetes-object.ts';
import type { ObjectReference } from './evidence-reader.ts';

/** The object of a GitOps tool that delivers a workload, by the labels and annotations that the tool leaves on it. */
export interface Delivery extends ObjectReference {
  tool: 'Argo CD' | 'Flux' | 'Helm';
}

/** Where Argo CD keeps its Applications unless they say otherwise. */
const ARGO_NAMESPACE = 'argocd';

/** Returns what delivers an object; a Helm release has no object that may be read. */
export function deliveryOf({ metadata }: KubernetesObject): Delivery | undefined {
  const labels = metadata?.labels ?? {};
  const annotations = metadata?.annotations ?? {};
  const [tracked] = (annotations['argocd.argoproj.io/tracking-id'] ?? '').split(':');
  const application = tracked || labels['argocd.argoproj.io/instance'];
  if (application) {
    const [namespace, name] = application.includes('_') ? application.split('_', 2) : [ARGO_NAMESPACE, application];
    return { tool: 'Argo CD', apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', name: name ?? '', namespace };
  }
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name'];
  if (kustomization)
    return {
      tool: 'Flux',
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      name: kustomization,
      namespace: labels['kustomize.toolkit.fluxcd.io/namespace'] ?? 'flux-system',
    };
  const release = labels['helm.toolkit.fluxcd.io/name'];
  if (release)
    return {
      tool: 'Flux',
      apiVersion: 'helm.toolkit.fluxcd.io/v2',
      kind: 'HelmRelease',
      name: release,
      namespace: labels['helm.toolkit.fluxcd.io/namespace'] ?? metadata?.namespace,
    };
  const helm = annotations['meta.helm.sh/release-name'];
  return helm
    ? {
        tool: 'Helm',
        apiVersion: '',
        kind: 'Release',
        name: helm,
        namespace: annotations['meta.helm.sh/release-namespace'],
      }
    : undefined;
}
