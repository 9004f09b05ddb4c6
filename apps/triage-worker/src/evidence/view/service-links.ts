import type { Pod, Kinds } from '../kubernetes-object.ts';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import { isPodReady } from '../pod-trouble.ts';
import type { ClusterView } from './cluster-view.ts';
import { templateOf, workloadsIn, type Workload } from './workload.ts';

export type Service = Wire<Kinds['Service']>;

/** Whether labels have all that a selector asks for. An empty selector selects nothing here. */
export function selects(
  selector: Record<string, string | undefined> | undefined,
  labels: Record<string, string | undefined> | undefined,
): boolean {
  const terms = Object.entries(selector ?? {});
  return terms.length > 0 && terms.every(([key, value]) => labels?.[key] === value);
}

/** The pods that a Service selects. */
export function podsBehind(view: ClusterView, service: Service): Pod[] {
  const { namespace } = service.metadata ?? {};
  return view.all('Pod', namespace).filter((pod) => selects(service.spec?.selector, pod.metadata?.labels));
}

/** The workloads whose pods a Service selects, by their templates. */
export function workloadsBehind(view: ClusterView, service: Service): Workload[] {
  return workloadsIn(view, service.metadata?.namespace ?? 'default').filter((workload) =>
    selects(service.spec?.selector, templateOf(workload)?.metadata?.labels),
  );
}

/** The Services that select the pods of a workload. */
export function servicesOf(view: ClusterView, workload: Workload): Service[] {
  const labels = templateOf(workload)?.metadata?.labels;
  return view.all('Service', workload.namespace).filter(({ spec }) => selects(spec?.selector, labels));
}

/**
 * Whether a Service has an endpoint that is ready; undefined when neither its EndpointSlices nor its pods were read.
 * The pods are the nearer truth: slices follow them.
 */
export function hasReadyEndpoints(view: ClusterView, service: Service): boolean | undefined {
  const { name, namespace } = service.metadata ?? {};
  if (service.spec?.type === 'ExternalName') return undefined;
  if (Object.keys(service.spec?.selector ?? {}).length > 0 && view.isComplete('Pod', namespace)) {
    return podsBehind(view, service).some(isPodReady);
  }
  if (!view.isComplete('EndpointSlice', namespace)) return undefined;
  return view
    .all('EndpointSlice', namespace)
    .filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === name)
    .some(({ endpoints }) => (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false));
}
