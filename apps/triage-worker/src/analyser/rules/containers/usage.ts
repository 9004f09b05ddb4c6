import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import type { MetricsPiece } from '../../../evidence/evidence.ts';
import type { ClusterView } from '../../../evidence/view/cluster-view.ts';
import type { Workload } from '../../../evidence/view/workload.ts';
import { culpritOf, hypothesis } from '../../hypothesis.ts';
import { code, plain, show } from '../../safe-text.ts';

/** From this share of its CPU periods on, a container is held back so often that its requests wait. */
const THROTTLED = 0.25;
const HEAVILY_THROTTLED = 0.5;
/** The kernel kills at 1; the page cache that it can reclaim is not in the metric. */
const NEARLY_FULL = 0.95;

/** What the metrics say of a workload that an alert is about: a container that is held back by its CPU limit, or nearly out of memory. */
export function usageTrouble(view: ClusterView, workloads: readonly Workload[]): Hypothesis | undefined {
  for (const workload of workloads) {
    const throttled = highest(view, workload, 'cpu-throttling');
    if (throttled && throttled.value >= THROTTLED) return cpu(workload, throttled);
    const full = highest(view, workload, 'memory-use-to-limit');
    if (full && full.value >= NEARLY_FULL) return memory(workload, full);
  }
  return undefined;
}

interface Highest {
  piece: MetricsPiece;
  value: number;
  pod: string;
  container: string;
}

function highest(view: ClusterView, { pods }: Workload, name: string): Highest | undefined {
  const names = new Set(pods.map(({ metadata }) => metadata?.name));
  const piece = view.metrics.find((one) => one.name === name);
  const own = piece?.series.find(({ labels }) => names.has(labels['pod']));
  return (
    piece && own && { piece, value: own.value, pod: own.labels['pod'] ?? '', container: own.labels['container'] ?? '' }
  );
}

function cpu(workload: Workload, { piece, value, pod, container }: Highest): Hypothesis {
  const { namespace, kind, name } = workload;
  return hypothesis({
    cause: 'cpu_saturated',
    culprit: culpritOf(workload, container, 'resources.limits.cpu'),
    confidence: value >= HEAVILY_THROTTLED ? 86 : 74,
    title: `${plain(name)} is held back by its CPU limit`,
    statement: `The container ${code(container)} of the pod ${code(pod)} was held back by its CPU limit in ${percent(value)} of the CPU periods of the last 10 minutes, so its requests wait.`,
    evidence: [quote(piece)],
    actions: [
      `Raise the limit, or run more replicas, if the load is legitimate: ${show`kubectl set resources -n ${namespace} ${`${kind.toLowerCase()}/${name}`} -c ${container} --limits=cpu=NEW`}`,
      `Compare its use with its limit: ${show`kubectl top pod -n ${namespace} ${pod} --containers`}`,
    ],
  });
}

function memory(workload: Workload, { piece, value, pod, container }: Highest): Hypothesis {
  const { namespace, name } = workload;
  return hypothesis({
    cause: 'memory_saturated',
    culprit: culpritOf(workload, container, 'resources.limits.memory'),
    confidence: 76,
    title: `${plain(name)} has nearly used up its memory limit`,
    statement: `The container ${code(container)} of the pod ${code(pod)} uses ${percent(value)} of its memory limit; the kernel kills it at 100 %.`,
    evidence: [quote(piece)],
    actions: [`Compare its use with its limit: ${show`kubectl top pod -n ${namespace} ${pod} --containers`}`],
  });
}

function quote({ command, series }: MetricsPiece): { command: string; text: string } {
  const lines = series.slice(0, 5).map(({ labels, value }) => `${JSON.stringify(labels)} ${String(value)}`);
  return { command, text: lines.join('\n') };
}

function percent(share: number): string {
  return `${String(Math.round(share * 100))} %`;
}
