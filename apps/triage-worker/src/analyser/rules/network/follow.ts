import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { containerStatuses } from '../../../evidence/pod-trouble.ts';
import { configuredAddresses, serviceAt } from '../../../evidence/view/addresses.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import { complaintsIn, servicesNamed, type Complaint } from '../../../evidence/view/complaints.ts';
import { hasReadyEndpoints, workloadsBehind, type Service } from '../../../evidence/view/service-links.ts';
import { workloadsIn, type Workload } from '../../../evidence/view/workload.ts';
import { code } from '../../safe-text.ts';
import { addressTrouble, missing } from './address.ts';
import { dnsPolicyTrouble, policyTrouble } from './network-policy.ts';
import { noEndpoints, scaledToZero, serviceTrouble } from './service.ts';

/** How a workload is diagnosed; passed in, because the rules for pods follow names in turn. */
export type DiagnoseWorkload = (workload: Workload, depth: number) => Hypothesis | undefined;

const DEEPEST = 3;
const MAX_LOGS = 6;

/**
 * The cause of a workload's trouble that lies with what it calls: in its configuration, with a Service that its logs
 * complain about, with the workload behind that, and so on inwards.
 */
export function follow(
  view: ClusterView,
  workload: Workload,
  diagnose: DiagnoseWorkload,
  depth = 0,
): Hypothesis | undefined {
  if (depth >= DEEPEST) return undefined;
  const complaints = complaintsOf(view, workload);
  const named = servicesNamed(view, complaints, workload.namespace);
  const complainedNames = new Set(named.map(({ name }) => name));
  const address = addressTrouble(view, workload, complainedNames);
  if (address) return address;
  for (const { service, name, namespace, complaint } of named) {
    const found = service
      ? (behindService(view, service, workload, diagnose, depth) ??
        policyTrouble(view, workload, service, complaint.line))
      : unknownName(view, workload, name, namespace, complaint);
    if (found) return through(found, workload, complaint);
  }
  for (const { line } of complaints) {
    const found = dnsPolicyTrouble(view, workload, line);
    if (found) return found;
  }
  const unready = configuredAddresses(workload)
    .flatMap((it) => serviceAt(view, it, workload.namespace) ?? [])
    .filter((service) => hasReadyEndpoints(view, service) === false || serviceTrouble(view, service) !== undefined);
  for (const service of new Set(unready)) {
    const found = behindService(view, service, workload, diagnose, depth);
    if (found) return through(found, workload, undefined);
  }
  return undefined;
}

/** What is wrong with a Service or with what is behind it. */
export function behindService(
  view: ClusterView,
  service: Service,
  caller: Workload | undefined,
  diagnose: DiagnoseWorkload,
  depth: number,
): Hypothesis | undefined {
  const own = serviceTrouble(view, service);
  if (own) return own;
  const behind = workloadsBehind(view, service).filter(
    ({ name, namespace, kind }) => name !== caller?.name || namespace !== caller.namespace || kind !== caller.kind,
  );
  for (const workload of behind) {
    const found =
      (behind.length === 1 || workload.pods.length === 0 ? scaledToZero(workload, service) : undefined) ??
      diagnose(workload, depth + 1);
    if (found) return found;
  }
  return noEndpoints(view, service);
}

function unknownName(
  view: ClusterView,
  workload: Workload,
  name: string,
  namespace: string,
  { line }: Complaint,
): Hypothesis | undefined {
  const isLookup = /no such host|ENOTFOUND|UnknownHost|not known|resolve|resolution|lookup/i.test(line);
  if (!isLookup || namespace !== workload.namespace || !view.isComplete('Service', namespace)) return undefined;
  if (!isServiceName(line, name)) return undefined;
  const hasWorkload = workloadsIn(view, namespace).some((other) => other.name === name);
  return missing(view, workload, name, [], hasWorkload ? 90 : 84);
}

/** Whether the name stands alone or ends like a Service: `db`, `db.shop.svc.cluster.local`, not `db.example.com`. */
function isServiceName(line: string, name: string): boolean {
  const at = line.indexOf(name);
  const rest = line.slice(at + name.length, at + name.length + 80);
  return !rest.startsWith('.') || /^\.[\w-]{1,63}\.svc\b/.test(rest);
}

/** The complaints in the logs of the pods of a workload. */
export function complaintsOf(view: ClusterView, { pods, namespace }: Workload): Complaint[] {
  const logs = pods
    .slice(0, 3)
    .flatMap((pod) =>
      containerStatuses(pod).flatMap(({ name = '' }) => [
        view.log(namespace, pod.metadata?.name ?? '', name, false),
        view.log(namespace, pod.metadata?.name ?? '', name, true),
      ]),
    );
  return logs
    .filter((log) => log !== undefined)
    .slice(0, MAX_LOGS)
    .flatMap(({ text }) => complaintsIn(text));
}

/** The cause as seen from its client. */
function through(found: Hypothesis, client: Workload, complaint: Complaint | undefined): Hypothesis {
  const words = complaint ? ` Its log says: ${code(complaint.line, 250)}.` : '';
  if (found.culprit.name === client.name && found.culprit.kind === client.kind) return found;
  return {
    ...found,
    statement: `${found.statement} ${code(client.name)} depends on it.${words}`,
    confidence: Math.max(0, found.confidence - 2),
  };
}
