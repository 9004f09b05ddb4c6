import type { Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { diagnose } from '../../src/analyser/diagnose.ts';
import { renderReport } from '../../src/analyser/report/render-report.ts';
import { collectEvidence } from '../../src/evidence/collect/collect-evidence.ts';
import { redactEvidence } from '../../src/evidence/redact-evidence.ts';
import type { EvalCase } from '../eval-case.ts';
import { detectIncidents } from './detect.ts';
import { isFalseAlarm } from './false-alarm.ts';
import { type AgentOptions, runAgentCase } from './agent-case.ts';
import type { SimulatedApi } from './simulated-api.ts';

/** Result of the product for a case. */
export interface CaseResult {
  incidents: { faultType: string; kind: string; name: string; severity: string; falseAlarm: boolean }[];
  /** The fault that was investigated; undefined when nothing was detected. */
  fault?: FaultEvent;
  diagnosis?: Diagnosis;
  report?: string;
  /** Evidence and analysis, without writing anything, ms. */
  took: number;
}

/** Detects, collects, redacts and diagnoses as the product does; of several incidents, the first. */
export async function runCase({ id, state }: EvalCase, api: SimulatedApi, agent?: AgentOptions): Promise<CaseResult> {
  api.show(state);
  const detected = detectIncidents(id, state);
  const incidents = detected.map((fault) => ({
    faultType: fault.faultType,
    kind: fault.resource.kind,
    name: fault.resource.name,
    severity: fault.severity,
    falseAlarm: isFalseAlarm(fault, state),
  }));
  const fault = state.fault ?? detected[0];
  if (fault === undefined) return { incidents, took: 0 };
  const started = performance.now();
  const collected = await collectEvidence({
    kubernetes: api.kubernetes,
    fault,
    alerts: state.alerts,
    now: () => state.takenAt,
  });
  const evidence = await redactEvidence(collected);
  const diagnosis = diagnose(evidence, fault);
  const took = performance.now() - started;
  if (agent) {
    const input = { fault, evidence, hypotheses: diagnosis, kubeconfig: api.kubeconfig };
    const { problem, ...finding } = await runAgentCase(id, input, agent);
    if (problem !== undefined) process.stderr.write(`${id}: ${problem}\n`);
    return { incidents, fault, ...finding, took: performance.now() - started };
  }
  const clusterEvent = {
    cluster_name: 'eval',
    labels: {},
    event: fault,
    source: 'poll',
    received_at: state.takenAt.toISOString(),
  } as const;
  return { incidents, fault, diagnosis, report: renderReport(diagnosis, { clusterEvent, evidence }), took };
}
