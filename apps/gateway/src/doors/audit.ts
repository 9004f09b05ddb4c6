import type { DoorEntry } from '@nightcrier/core/gateway/door-entry';
import type { Grant } from '@nightcrier/core/gateway/grant';
import type { Logger } from '@nightcrier/core/logger';
import { redactText } from '@nightcrier/redaction/redact-text';
import { gatewaySeconds } from '@nightcrier/runtime/metrics/process-metrics';
import { recordSpan } from '@nightcrier/runtime/tracing/spans';
import type { DoorRecords, RunOfAgent } from '@nightcrier/state/grants/door-records';
import type { Listener } from './listener.ts';

const LONGEST_TARGET = 500;

/** A part of what an agent has read. */
export interface Sample {
  content: Buffer;
  redacted: boolean;
}

/** Records the requests of agents in Redis, from where the worker of the run takes them. */
export class Audit {
  readonly #records: DoorRecords;
  readonly #logger: Logger;
  readonly #pending = new Set<Promise<void>>();

  constructor(records: DoorRecords, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
  }

  /** Records a request without delaying it. A failure is logged. */
  add(grant: Grant, entry: DoorEntry): void {
    gatewaySeconds.observe({ door: entry.door, decision: entry.decision }, entry.ms / 1000);
    this.#record(grant, entry);
    traceRequest(grant, entry);
    if (entry.decision !== 'denied') return;
    const { incident_id, attempt, cluster, agent } = grant;
    const { door, verb, reason } = entry;
    this.#logger.info({ incident_id, attempt, cluster, agent, door, verb, reason }, 'request of agent denied');
  }

  /**
   * Records a request whose token is not valid. One without a token is no attempt: claude sends them to see whether a server answers.
   * @param run whose socket it came through, if it has sockets of its own
   */
  addUnknown(
    { run }: Listener,
    token: string,
    request: Pick<DoorEntry, 'time' | 'door' | 'verb' | 'target' | 'reason'>,
  ): void {
    const { door, reason } = request;
    this.#logger.info({ ...run, door, reason }, 'request without a valid token denied');
    if (run && token !== '') this.#record(run, { ...request, decision: 'denied', status: 401, bytes: 0, ms: 0 });
  }

  /** Records what is no request that a door reads. */
  addBroken({ run }: Listener, request: Pick<DoorEntry, 'door' | 'verb' | 'reason'>): void {
    const { door, reason } = request;
    this.#logger.info({ ...run, door, reason }, 'malformed request of agent denied');
    const time = new Date().toISOString();
    if (run) this.#record(run, { ...request, time, target: '', decision: 'denied', status: 400, bytes: 0, ms: 0 });
  }

  /** Records what an agent has read, redacted, so that the worker can look its quotes up. */
  addAnswer(run: RunOfAgent, { content, redacted }: Sample): void {
    const text = content.toString('utf8');
    const adding = async (): Promise<void> => this.#records.addAnswer(run, redacted ? text : await redactText(text));
    this.#track(run, adding());
  }

  /** Resolves when everything is recorded. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #record(run: RunOfAgent, entry: DoorEntry): void {
    this.#track(run, this.#add(run, entry));
  }

  #track(run: RunOfAgent, work: Promise<void>): void {
    const adding = work.catch((error: unknown) => {
      this.#logger.error({ incident_id: run.incident_id, error }, 'request of agent not recorded');
    });
    this.#pending.add(adding);
    void adding.finally(() => this.#pending.delete(adding));
  }

  async #add(run: RunOfAgent, entry: DoorEntry): Promise<void> {
    const target = await redactText(entry.target.slice(0, LONGEST_TARGET));
    await this.#records.add(run, { ...entry, target });
  }
}

/** The target may hold names that only redaction may let out, so a trace has none. */
function traceRequest(
  { incident_id, cluster, agent }: Grant,
  { time, ms, door, verb, decision, status, model }: DoorEntry,
): void {
  const start = Date.parse(time);
  recordSpan({
    incidentId: incident_id,
    name: 'gateway',
    start,
    end: start + ms,
    attributes: {
      'nightcrier.cluster': cluster,
      'nightcrier.agent': agent,
      'nightcrier.door': door,
      'nightcrier.decision': decision,
      'http.request.method': verb,
      'http.response.status_code': status,
      'gen_ai.request.model': model,
    },
    ...(decision === 'failed' && { error: `status ${status}` }),
  });
}
