import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { configuredAddresses, serviceAt, serviceName, type Address } from '../../../evidence/view/addresses.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { workloadsBehind, type Service } from '../../../evidence/view/service-links.ts';
import { templateOf, workloadsIn, type Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { quoteField } from '../../quotes.ts';
import { editTemplate } from '../../fixes/edit-template.ts';
import { code, plain, show } from '../../safe-text.ts';
import { isSimilarName } from '@nightcrier/core/diagnosis/similar-name';

/**
 * A workload is configured with an address that cannot work: a Service that does not exist, although one with a similar
 * name or a workload of that name does, or a port that the Service does not offer. A name that nothing resembles may be
 * an optional feature: it counts only when `complained` holds it.
 */
export function addressTrouble(
  view: ClusterView,
  workload: Workload,
  complained: ReadonlySet<string> = new Set(),
): Hypothesis | undefined {
  for (const address of configuredAddresses(workload)) {
    const service = serviceAt(view, address, workload.namespace);
    const found = service
      ? wrongPort(view, workload, address, service)
      : missingService(view, workload, address, complained);
    if (found) return found;
  }
  return undefined;
}

function missingService(
  view: ClusterView,
  workload: Workload,
  address: Address,
  complained: ReadonlySet<string>,
): Hypothesis | undefined {
  const called = serviceName(address.host, workload.namespace);
  if (called === undefined || called.namespace !== workload.namespace || !view.isComplete('Service', called.namespace))
    return undefined;
  if (address.host.includes('.') && !/\.svc(\.|$)/.test(address.host)) return undefined;
  const { name, namespace } = called;
  if (workloadsIn(view, namespace).some((other) => other.name === name))
    return serviceGone(view, workload, address, name);
  const similar = view
    .all('Service', namespace)
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((other) => isSimilarName(name, other));
  const field = address.source;
  const base = {
    culprit: culpritOf(workload, undefined, field),
    evidence: workload.object ? [quoteField(workload.object, field, address.text)] : [],
  };
  if (similar.length > 0) {
    return hypothesis({
      ...base,
      cause: 'service_address_wrong',
      confidence: complained.has(name) ? 94 : 84,
      title: `${plain(workload.name)} is configured with the address of a Service that does not exist: ${plain(name)}`,
      statement: `The ${field} of ${code(workload.name)} names ${code(address.text)}. There is no Service ${code(name)} in the namespace ${code(namespace)}; there is ${code(similar.slice(0, 3).join(', '))}.`,
      actions: [
        editTemplate(workload, 'the address'),
        `Compare with the Services that there are: ${show`kubectl get services -n ${namespace}`}`,
      ],
    });
  }
  if (!complained.has(name)) return undefined;
  return missing(view, workload, name, base.evidence, 80);
}

/** The workload is there, its Service is not: deleted, never created, or refused by a quota. */
function serviceGone(view: ClusterView, workload: Workload, address: Address, name: string): Hypothesis {
  return missing(
    view,
    workload,
    name,
    workload.object ? [quoteField(workload.object, address.source, address.text)] : [],
    88,
  );
}

/** A Service that clients call and that does not exist. */
export function missing(
  view: ClusterView,
  caller: Workload,
  name: string,
  evidence: { command: string; text: string }[],
  confidence: number,
): Hypothesis {
  const { namespace } = caller;
  const quota = view.all('ResourceQuota', namespace).find(({ status, spec }) => {
    const hard = status?.hard ?? spec?.hard ?? {};
    return Object.keys(hard).some(
      (key) => /^(count\/)?services$/.test(key) && Number(status?.used?.[key] ?? 0) >= Number(hard[key]),
    );
  });
  if (quota) {
    const quotaName = quota.metadata?.name ?? '';
    return hypothesis({
      cause: 'quota_services',
      culprit: { kind: 'Namespace', name: namespace, field: `ResourceQuota/${quotaName}` },
      confidence: confidence - 2,
      title: `The Service ${plain(name)} is missing, and the ResourceQuota ${plain(quotaName)} allows no more Services`,
      statement: `${code(caller.name)} calls the Service ${code(name)}, which does not exist. The ResourceQuota ${code(quotaName)} of the namespace ${code(namespace)} is used up, so that it cannot be created.`,
      evidence: [...evidence, quoteField(quota, 'status', quota.status ?? {})],
      actions: [
        `Raise the quota or delete Services that are not needed, then create the Service: ${show`kubectl describe resourcequota -n ${namespace} ${quotaName}`}`,
      ],
    });
  }
  return hypothesis({
    cause: 'service_missing',
    culprit: { kind: 'Service', namespace, name },
    confidence,
    title: `The Service ${plain(name)} does not exist`,
    statement: `${code(caller.name)} calls the Service ${code(name)}, which does not exist in the namespace ${code(namespace)}.`,
    evidence,
    actions: [
      `See which Services there are: ${show`kubectl get services -n ${namespace}`}, and create ${code(name)} or correct the address`,
    ],
  });
}

function wrongPort(view: ClusterView, workload: Workload, address: Address, service: Service): Hypothesis | undefined {
  const offered = (service.spec?.ports ?? []).flatMap(({ port }) => port ?? []);
  if (
    address.port === undefined ||
    offered.length === 0 ||
    offered.includes(address.port) ||
    service.spec?.clusterIP === 'None'
  )
    return undefined;
  const { name = '', namespace = 'default' } = service.metadata ?? {};
  const [behind] = workloadsBehind(view, service);
  const listens = behind
    ? (templateOf(behind)?.spec?.containers ?? []).flatMap(({ ports = [] }) =>
        ports.flatMap(({ containerPort }) => containerPort ?? []),
      )
    : [];
  // The pods listen on the port that is called: then it is the Service that offers another one.
  const isService = listens.includes(address.port) && !offered.some((port) => listens.includes(port));
  const evidence = [
    ...(workload.object ? [quoteField(workload.object, address.source, address.text)] : []),
    quoteField(service, 'spec.ports', service.spec?.ports ?? []),
  ];
  return hypothesis({
    cause: isService ? 'service_port' : 'service_address_wrong',
    culprit: isService
      ? { kind: 'Service', namespace, name, field: 'spec.ports' }
      : culpritOf(workload, undefined, address.source),
    confidence: 90,
    title: isService
      ? `The Service ${plain(name)} offers port ${offered.join(', ')}, and its clients call ${String(address.port)}`
      : `${plain(workload.name)} calls ${plain(name)} on port ${String(address.port)}, which it does not offer`,
    statement: `The ${address.source} of ${code(workload.name)} names ${code(address.text)}; the Service ${code(name)} offers the port ${code(offered.join(', '))}${listens.length > 0 ? `, and its pods listen on ${code([...new Set(listens)].join(', '))}` : ''}.`,
    evidence,
    actions: [
      isService
        ? `Correct the port: ${show`kubectl edit service -n ${namespace} ${name}`}`
        : editTemplate(workload, 'the address'),
    ],
  });
}
