import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { DOORS } from '@nightcrier/core/gateway/door-entry';
import { VERSION } from '@nightcrier/core/version';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The metrics of this process: what it measures itself. What is counted for the installation is in Redis, and the API exports it.
 * Names follow the conventions of Prometheus; durations are in seconds.
 */
export const PROCESS_METRICS = new Registry();

const registers = [PROCESS_METRICS];

/** From milliseconds to a minute: what happens inside Nightcrier. */
const QUICK = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From a tenth of a second to hours: what waits for a queue, a model or a person. */
const SLOW = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600];

/** From the receipt of a fault to its outcome at admission. */
export const admissionSeconds = new Histogram({
  name: 'nightcrier_admission_duration_seconds',
  help: 'Time from the receipt of a fault to its outcome at admission',
  buckets: [...QUICK, 300, 3600],
  registers,
});

/** From the receipt of a fault to the claim of its incident by a worker. */
export const queueWaitSeconds = new Histogram({
  name: 'nightcrier_queue_wait_seconds',
  help: 'Time from the receipt of a fault to the start of its investigation, first attempts only',
  labelNames: ['severity'],
  buckets: SLOW,
  registers,
});

export const evidenceSeconds = new Histogram({
  name: 'nightcrier_evidence_duration_seconds',
  help: 'Time in which the evidence of an incident was gathered',
  buckets: QUICK,
  registers,
});

export const investigationSeconds = new Histogram({
  name: 'nightcrier_investigation_duration_seconds',
  help: 'Duration of triage runs by outcome, and by the agent whose result counts (none: no agent)',
  labelNames: ['outcome', 'agent'],
  buckets: SLOW,
  registers,
});

export const notificationSeconds = new Histogram({
  name: 'nightcrier_notification_duration_seconds',
  help: 'Duration of attempts to deliver a notification, by type of the receiver and outcome: delivered, retried or failed',
  labelNames: ['receiver_type', 'outcome'],
  buckets: QUICK,
  registers,
});

export const gatewaySeconds = new Histogram({
  name: 'nightcrier_gateway_request_duration_seconds',
  help: 'Duration of requests of agents by door (kube or llm) and decision (allowed, denied, or failed: no answer of the upstream)',
  labelNames: ['door', 'decision'],
  buckets: [...QUICK, 120, 300],
  registers,
});

// A series that appears with its first event has no increase that a rule could see.
for (const severity of SEVERITIES) queueWaitSeconds.zero({ severity });
for (const door of DOORS)
  for (const decision of ['allowed', 'denied', 'failed']) gatewaySeconds.zero({ door, decision });

/** Names of prom-client's metrics that break the convention: gauges that end in `_total`. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

let began = false;

/** Begins to measure the process itself: CPU, memory, garbage collection, delay of the event loop. Later calls do nothing. */
export function measureProcess(): void {
  if (began) return;
  began = true;
  collectDefaultMetrics({ register: PROCESS_METRICS });
  for (const name of MISNAMED) PROCESS_METRICS.removeSingleMetric(name);
  new Gauge({
    name: 'nightcrier_build_info',
    help: 'Always 1; the labels tell the version and the Node.js that runs it',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version: VERSION, node: process.version }, 1);
}
