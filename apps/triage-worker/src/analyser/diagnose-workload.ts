import type { Cause } from '@nightcrier/core/diagnosis/cause';
import type { Hypothesis } from '@nightcrier/core/diagnosis/diagnosis';
import { containerStatuses, isContainerInTrouble, isPodReady } from '../evidence/pod-trouble.ts';
import type { ClusterView } from '../evidence/view/cluster-view.ts';
import { desiredReplicas, type Workload } from '../evidence/view/workload.ts';
import { culpritOf, hypothesis } from './hypothesis.ts';
import { findLogCause } from './logs/log-cause.ts';
import { podCases } from './pod-case.ts';
import { podHypothesis } from './pod-rules.ts';
import { refused } from './rules/admission/refused.ts';
import { atDatabase } from './rules/network/at-database.ts';
import { follow } from './rules/network/follow.ts';
import { scaledToZero } from './rules/network/service.ts';
import { jobTrouble } from './rules/workloads/job.ts';
import { code, plain } from './safe-text.ts';

/** Which pod and container the fault names, where it names one. */
export interface Focus {
  pod?: string | undefined;
  container?: string | undefined;
}

/** What a workload says of something else, or nothing precise: the names that it calls may explain it. */
const MAY_FOLLOW: ReadonlySet<Cause> = new Set([
  'dependency_unreachable',
  'dns_name_unknown',
  'tls_failed',
  'readiness_failing',
  'liveness_failing',
  'application_error',
  'crash_unexplained',
  'config_invalid',
  'db_connections',
  'db_read_only',
]);

/** What is wrong with a workload: refused, scaled to 0, its pods, or what they call. The first hypothesis is the answer. */
export function diagnoseWorkload(view: ClusterView, workload: Workload, focus: Focus = {}, depth = 0): Hypothesis[] {
  const zero = depth === 0 ? scaledToZero(workload) : undefined;
  if (zero && workload.pods.length === 0) return [zero];
  const refusal = refused(view, workload);
  if (refusal) return [refusal];
  const [own] = podCases(view, workload, focus)
    .filter(
      (podCase) =>
        podCase.inTrouble || !isPodReady(podCase.pod) || podCase.name === focus.pod || hasRestarted(podCase.pod),
    )
    .flatMap((podCase) => podHypothesis(podCase) ?? []);
  const job = jobTrouble(view, workload);
  const isLast = job?.cause === 'job_failed';
  if (job && (own === undefined || (!isLast && own.confidence < 70))) return own ? [job, own] : [job];
  if (own && !MAY_FOLLOW.has(own.cause)) return [own];
  const database = own && atDatabase(view, workload, own);
  if (database) return [database, ...(database.cause === own?.cause ? [] : [own])].filter((it) => it !== undefined);
  const inner = follow(view, workload, (next, level) => innermost(view, next, level), depth);
  if (inner && own) return inner.confidence >= Math.min(own.confidence, 60) ? [inner, own] : [own, inner];
  if (inner) return [inner];
  return own ? [own] : [];
}

/** The cause of a workload that others call: its own trouble, or what its log says although its pods are ready. */
function innermost(view: ClusterView, workload: Workload, depth: number): Hypothesis | undefined {
  const [found] = diagnoseWorkload(view, workload, {}, depth);
  return found ?? saidByReadyPods(view, workload);
}

/** A ready pod can be unable to work: its log says so. */
export function saidByReadyPods(view: ClusterView, workload: Workload): Hypothesis | undefined {
  for (const pod of workload.pods.slice(0, 2)) {
    for (const { name = '' } of containerStatuses(pod)) {
      const log = view.log(workload.namespace, pod.metadata?.name ?? '', name, false);
      const cause = log && findLogCause(log.text);
      if (!log || !cause?.failure || !/^(db_|disk_full|cloud_|heap_|tls_)/.test(cause.failure.cause)) continue;
      const own = hypothesis({
        cause: cause.failure.cause,
        culprit: culpritOf(workload, name),
        confidence: 80,
        title: `${plain(workload.name)}: ${plain(cause.failure.meaning)}`,
        statement: `The pods of ${code(workload.name)} are ready and report errors: ${cause.failure.meaning}. Its log says: ${code(cause.line, 400)}.`,
        evidence: [{ command: log.command, text: cause.excerpt }],
        actions: cause.failure.advice ? [cause.failure.advice] : [],
      });
      return atDatabase(view, workload, own) ?? own;
    }
  }
  return undefined;
}

/** Whether fewer pods are ready than the workload asks for. */
export function isShort(workload: Workload): boolean {
  const desired = desiredReplicas(workload) ?? 1;
  return (
    workload.pods.filter(isPodReady).length < desired ||
    workload.pods.some((pod) => containerStatuses(pod).some(isContainerInTrouble))
  );
}

function hasRestarted(pod: Workload['pods'][number]): boolean {
  return containerStatuses(pod).some(({ restartCount = 0 }) => restartCount > 0);
}
