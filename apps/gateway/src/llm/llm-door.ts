import type { Logger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import type { ModelBudgets } from '@nightcrier/state/budgets/model-budgets';
import type { DoorRecords } from '@nightcrier/state/grants/door-records';
import { getStreamAsBuffer, MaxBufferError } from 'get-stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Audit } from '../doors/audit.ts';
import { type Caller, type Callers, tokenOf } from '../doors/caller.ts';
import type { Listener } from '../doors/listener.ts';
import { anthropic } from './dialects/anthropic.ts';
import { costAtMost } from './model-cost.ts';
import { modelRequest } from './model-request.ts';
import { accessOf } from './providers.ts';
import { denied, type Outcome, refuse } from './refusal.ts';
import { ModelRelay } from './relay-model.ts';

/** Bytes of a request: a conversation of two million tokens. */
const LONGEST_REQUEST = 8 * 1024 * 1024;
const SMALL_REQUEST = 1024 * 1024;
/** Seconds after which a request that was not settled counts in full. */
const SETTLED_WITHIN = 30 * 60;

export interface LlmDoorOptions {
  callers: Callers;
  audit: Audit;
  records: DoorRecords;
  budgets: ModelBudgets;
  config: () => Config;
  logger: Logger;
}

/** The entry point to the models: a few endpoints of the provider that the agent uses, with its key, within the budgets. */
export class LlmDoor {
  readonly #options: LlmDoorOptions;
  readonly #relay: ModelRelay;

  constructor(options: LlmDoorOptions) {
    this.#options = options;
    this.#relay = new ModelRelay(options.records, options.logger);
  }

  /** Handles one request to its end. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse, listener: Listener): Promise<void> {
    const arrived = performance.now();
    const time = new Date().toISOString();
    const { callers, audit, logger } = this.#options;
    const token = tokenOf(request.headers);
    const { method: verb = '', url: target = '' } = request;
    let entrance;
    try {
      entrance = await callers.enter(token, listener.socket);
    } catch (error) {
      logger.warn({ error }, 'grant not looked up');
      refuse(response, anthropic, 503, 'the gateway cannot check the token: Redis is unreachable; try again');
      return;
    }
    if (entrance.kind === 'unknown') {
      const { reason } = entrance;
      audit.addUnknown(listener, token, { time, door: 'llm', verb, target, reason });
      refuse(response, anthropic, 401, reason);
      return;
    }
    if (entrance.kind === 'throttled') {
      response.setHeader('retry-after', '1');
      refuse(response, anthropic, 429, entrance.reason);
      return;
    }
    const { caller } = entrance;
    let outcome: Outcome;
    try {
      outcome =
        entrance.kind === 'busy'
          ? denied(response, anthropic, 429, 'too many requests of this run at once')
          : await this.#answerIn(request, response, caller);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (response.headersSent) response.destroy();
      else refuse(response, anthropic, 502, reason);
      outcome = { decision: 'failed', status: 502, bytes: 0, reason };
    } finally {
      if (entrance.kind === 'entered') entrance.leave();
    }
    const ms = Math.round((performance.now() - arrived) * 10) / 10;
    audit.add(caller.grant, { time, door: 'llm', verb, target, ms, ...outcome });
  }

  /** Requests that are large wait until others of the run are answered. */
  async #answerIn(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<Outcome> {
    const isSmall = Number(request.headers['content-length']) <= SMALL_REQUEST;
    const answer = async (): Promise<Outcome> => this.#answer(request, response, caller);
    return isSmall ? answer() : caller.large(answer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<Outcome> {
    const config = this.#options.config();
    const { method = '', url: target = '' } = request;
    const content = await getStreamAsBuffer(request, { maxBuffer: LONGEST_REQUEST }).catch((error: unknown) => {
      if (error instanceof MaxBufferError) return undefined;
      throw error;
    });
    if (!content) return denied(response, anthropic, 413, `the request has more than ${LONGEST_REQUEST} bytes`);
    const asked = await modelRequest({ method, target, content }, caller.grant, config);
    if ('problem' in asked) return denied(response, asked.endpoint?.dialect ?? anthropic, asked.status, asked.problem);
    const { dialect, counts } = asked.endpoint;
    const access = await accessOf(dialect.provider, config);
    const sent = { asked, response, caller, config };
    if (!access) return this.#relay.fail(sent, 503, `the gateway has no key of ${dialect.provider}`);
    const relayed = { ...sent, access, headers: passedHeaders(request) };
    if (counts) return this.#relay.relay(relayed);
    const { grant } = caller;
    const cost = costAtMost(asked, config, grant.agent);
    const { incident_id, cluster } = grant;
    const reservation = await this.#options.budgets.reserve(
      { incident_id, cluster, cost, seconds: SETTLED_WITHIN },
      config.llm_budgets,
    );
    if (reservation.kind === 'exhausted') {
      const { scope, limit } = reservation;
      await this.#options.records.noteExhausted(grant, `${limit} per ${scope}`);
      return { ...denied(response, dialect, 402, `budget exhausted: ${limit} per ${scope}`), model: asked.model };
    }
    // Without an outcome, the reservation counts in full later.
    const outcome = await this.#relay.relay(relayed);
    const spent = { tokens: (outcome.input_tokens ?? 0) + (outcome.output_tokens ?? 0), usd: outcome.cost_usd ?? 0 };
    await this.#options.budgets.settle(reservation.id, spent).catch((error: unknown) => {
      this.#options.logger.warn({ incident_id, error }, 'model cost not settled');
    });
    return outcome;
  }
}

/** The beta features of Anthropic that only change how a model answers. */
const BETAS =
  /^(?:claude-code|interleaved-thinking|fine-grained-tool-streaming|context-management|prompt-caching[\w-]*|token-efficient-tools|context-1m|effort|structured-outputs|adaptive-thinking)-\d{4}-\d{2}-\d{2}$/;

function passedHeaders(request: IncomingMessage): Record<string, string> {
  const { 'anthropic-version': version, 'anthropic-beta': betas } = request.headers;
  const allowed = String(betas ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => BETAS.test(beta));
  return {
    'content-type': 'application/json',
    'user-agent': 'nightcrier-gateway',
    ...(typeof version === 'string' && /^[\d-]{1,20}$/.test(version) && { 'anthropic-version': version }),
    ...(allowed.length > 0 && { 'anthropic-beta': allowed.join(',') }),
  };
}
