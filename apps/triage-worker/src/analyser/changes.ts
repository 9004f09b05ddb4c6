import type { V1Container } from '@kubernetes/client-node';
import type { Wire } from '@nightcrier/cluster/kubernetes/wire';
import type { Change } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { isKind } from '../evidence/kubernetes-object.ts';
import { kubectl } from '../evidence/kubectl-command.ts';
import type { ClusterView } from '../evidence/view/cluster-view.ts';
import { replicaSetsOf, type Workload } from '../evidence/view/workload.ts';
import { code } from './safe-text.ts';

/** A change counts when it is no older than this before the fault. */
const RELEVANT_MS = 24 * 3_600_000;
const MOST = 8;

/** What changed in the workloads before the fault: the template of the last revision against the one before. */
export function changesBefore(view: ClusterView, fault: FaultEvent, workloads: Workload[]): Change[] {
  const until = Date.parse(fault.timestamp) || view.now;
  return workloads
    .slice(0, 2)
    .flatMap((workload) => rolloutChange(view, workload, until))
    .slice(0, MOST);
}

function rolloutChange(view: ClusterView, { kind, name, namespace, object }: Workload, until: number): Change[] {
  if (kind !== 'Deployment') return [];
  const [current, before] = replicaSetsOf(view, name, namespace);
  const at = current?.metadata?.creationTimestamp;
  if (current === undefined || at === undefined || until - Date.parse(at) > RELEVANT_MS) return [];
  const command = kubectl('rollout', 'history', '-n', namespace, `deployment/${name}`);
  const delay = Math.round((until - Date.parse(at)) / 1000);
  const when = delay >= 0 ? `${duration(delay)} before the fault` : `${duration(-delay)} after the fault began`;
  const [container] =
    (object && isKind(object, 'Deployment')
      ? object.metadata?.annotations?.['kubernetes.io/change-cause']
      : undefined
    )?.split('\n') ?? [];
  const because = container ? ` (${code(container, 200)})` : '';
  if (before === undefined)
    return [{ at, what: `The first revision of ${code(name)} was created ${when}${because}.`, command }];
  const differences = templateDifferences(
    current.spec?.template?.spec?.containers ?? [],
    before.spec?.template?.spec?.containers ?? [],
  );
  return [
    { at, what: `A new revision of ${code(name)} was rolled out ${when}${because}.`, command },
    ...differences.map((what) => ({ at, what, command })),
  ];
}

/** What differs between the containers of two templates: image, command, environment (names; values that are no secret), resources, probes. */
function templateDifferences(now: Wire<V1Container>[], before: Wire<V1Container>[]): string[] {
  return now.flatMap((container) => {
    const old = before.find(({ name }) => name === container.name);
    const own = code(container.name ?? '');
    if (old === undefined) return [`The container ${own} is new.`];
    const changed = (what: string, a: unknown, b: unknown) =>
      JSON.stringify(a) === JSON.stringify(b)
        ? []
        : [`${what} of ${own}: ${code(shown(b), 150)} → ${code(shown(a), 150)}`];
    const names = new Set([...(container.env ?? []), ...(old.env ?? [])].map(({ name }) => name ?? ''));
    return [
      ...changed('image', container.image, old.image),
      ...changed('command', container.command, old.command),
      ...changed('args', container.args, old.args),
      ...[...names].flatMap((name) =>
        changed(`environment variable ${name}`, variable(container, name), variable(old, name)),
      ),
      ...changed('resources', container.resources, old.resources),
      ...changed('livenessProbe', container.livenessProbe, old.livenessProbe),
      ...changed('readinessProbe', container.readinessProbe, old.readinessProbe),
      ...changed('startupProbe', container.startupProbe, old.startupProbe),
    ];
  });
}

function variable({ env = [] }: Wire<V1Container>, name: string): unknown {
  const found = env.find((it) => it.name === name);
  return found?.value ?? found?.valueFrom;
}

function shown(value: unknown): string {
  if (value === undefined) return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${String(seconds)} s`;
  return seconds < 7_200 ? `${String(Math.round(seconds / 60))} min` : `${String(Math.round(seconds / 3_600))} h`;
}
