import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import type { DoorEntry } from '@nightcrier/core/gateway/door-entry';
import { costOf, type ModelPrice, priceOf } from '@nightcrier/core/incidents/agent-usage';
import type { Logger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import type { ModelBudgets, ModelCost } from '@nightcrier/state/budgets/model-budgets';
import type { DoorRecords } from '@nightcrier/state/grants/door-records';
import { getStreamAsBuffer, MaxBufferError } from 'get-stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, request as send } from 'undici';
import type { Audit } from '../doors/audit.ts';
import { type Caller, type Callers, tokenOf } from '../doors/caller.ts';
import type { Listener } from '../doors/listener.ts';
import { anthropic } from './anthropic.ts';
import type { Dialect, Tokens } from './dialect.ts';
import { type ModelRequest, modelRequest } from './model-request.ts';
import { accessOf, type ProviderAccess } from './providers.ts';
import { providerFailure } from './provider-failure.ts';
import { UsageMeter } from './usage-meter.ts';

/** Bytes of a request: a conversation of two million tokens. */
const LONGEST_REQUEST = 8 * 1024 * 1024;
const LONGEST_ERROR = 256 * 1024;
/** Milliseconds until an answer begins, and between two parts of it. */
const ANSWER_TIMEOUT = 10 * 60_000;
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

/** What is recorded of a request. */
type Outcome = Pick<DoorEntry, 'decision' | 'status' | 'bytes'> &
  Partial<Pick<DoorEntry, 'reason' | 'model' | 'input_tokens' | 'output_tokens' | 'cost_usd'>>;

/** The entry point to the models: a few endpoints of the provider that the agent uses, with its key, within the budgets. */
export class LlmDoor {
  readonly #options: LlmDoorOptions;

  constructor(options: LlmDoorOptions) {
    this.#options = options;
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
          : await this.#answer(request, response, caller);
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
    if (!access) return this.#failed(response, asked, caller, 503, `the gateway has no key of ${dialect.provider}`);
    const headers = { ...passedHeaders(request), ...access.headers };
    if (counts) return this.#relay(asked, { response, caller, access, headers });
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
    let spent: ModelCost = { tokens: 0, usd: 0 };
    try {
      const outcome = await this.#relay(asked, { response, caller, access, headers });
      spent = { tokens: (outcome.input_tokens ?? 0) + (outcome.output_tokens ?? 0), usd: outcome.cost_usd ?? 0 };
      return outcome;
    } finally {
      await this.#options.budgets.settle(reservation.id, spent).catch((error: unknown) => {
        this.#options.logger.warn({ incident_id, error }, 'model cost not settled');
      });
    }
  }

  async #relay(asked: ModelRequest, { response, caller, access, headers }: Relay): Promise<Outcome> {
    const { endpoint, model, streams, body, most } = asked;
    const { dialect } = endpoint;
    const ended = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) ended.abort();
    });
    const signal = AbortSignal.any([ended.signal, caller.signal]);
    const url = `${access.baseUrl}${endpoint.path}`;
    const timeouts = { headersTimeout: ANSWER_TIMEOUT, bodyTimeout: ANSWER_TIMEOUT };
    let answer: Dispatcher.ResponseData;
    try {
      answer = await send(url, { method: 'POST', headers, body, signal, dispatcher: outgoing(), ...timeouts });
    } catch (error) {
      if (signal.aborted)
        return { decision: 'failed', status: 499, bytes: 0, reason: 'the agent closed the connection', model };
      return await this.#failed(response, asked, caller, 503, `the provider does not answer: ${reasonOf(error)}`);
    }
    // A body that is given up reports that as an error; who reads it gets the error as well.
    answer.body.on('error', () => undefined);
    const { statusCode: status } = answer;
    if (status >= 300) return this.#passFailure(answer, asked, response, caller);
    const type = String(answer.headers['content-type'] ?? 'application/json');
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' });
    const meter = new UsageMeter(dialect, streams);
    let reason: string | undefined;
    try {
      await pipeline(answer.body, meter, response);
    } catch (error) {
      // What the provider has sent until then costs as well. Some clients close the connection after the last event.
      if (!meter.complete) reason = signal.aborted ? 'the agent closed the connection' : reasonOf(error);
    }
    if (reason === undefined) {
      await this.#options.records.noteProvider(caller.grant, undefined).catch((error: unknown) => {
        this.#options.logger.warn(
          { incident_id: caller.grant.incident_id, error },
          'answer of the provider not recorded',
        );
      });
    }
    const tokens = endpoint.counts ? NO_TOKENS : meter.tokens(Math.ceil(most.input / BYTES_PER_TOKEN));
    const cost = this.#costOf(tokens, model, caller.grant.agent);
    return {
      decision: reason === undefined ? 'allowed' : 'failed',
      status,
      bytes: meter.bytes,
      model,
      input_tokens: tokens.input,
      output_tokens: tokens.output,
      ...(cost !== undefined && { cost_usd: cost }),
      ...(reason !== undefined && { reason }),
    };
  }

  /** Passes the provider's error on, and remembers one that says that the provider cannot be used. */
  async #passFailure(
    { statusCode, headers, body }: Dispatcher.ResponseData,
    { endpoint: { dialect }, model }: ModelRequest,
    response: ServerResponse,
    { grant }: Caller,
  ): Promise<Outcome> {
    const text = (await getStreamAsBuffer(body, { maxBuffer: LONGEST_ERROR }).catch(() => Buffer.of())).toString(
      'utf8',
    );
    const isRedirect = statusCode < 400;
    const failure = isRedirect
      ? `HTTP ${statusCode}: a redirect, which is not followed`
      : providerFailure(statusCode, text);
    if (failure !== undefined) await this.#options.records.noteProvider(grant, `${dialect.provider}: ${failure}`);
    const retry = headers['retry-after'];
    if (retry !== undefined) response.setHeader('retry-after', retry);
    const reason = failure ?? `HTTP ${statusCode}`;
    if (isRedirect || text === '') refuse(response, dialect, isRedirect ? 502 : statusCode, reason);
    else {
      response.writeHead(statusCode, { 'content-type': String(headers['content-type'] ?? 'application/json') });
      response.end(text);
    }
    return { decision: 'failed', status: statusCode, bytes: text.length, reason, model };
  }

  async #failed(
    response: ServerResponse,
    { endpoint: { dialect }, model }: ModelRequest,
    { grant }: Caller,
    status: number,
    reason: string,
  ): Promise<Outcome> {
    await this.#options.records.noteProvider(grant, `${dialect.provider}: ${reason}`);
    refuse(response, dialect, status, reason);
    return { decision: 'failed', status, bytes: 0, reason, model };
  }

  #costOf(tokens: Tokens, model: string, agent: string): number | undefined {
    const { agent_prices: prices } = this.#options.config();
    const price = priceOf(prices, model, agent);
    return price && usdOf(tokens, price);
  }
}

interface Relay {
  response: ServerResponse;
  caller: Caller;
  access: ProviderAccess;
  headers: Record<string, string>;
}

/** Bytes of a token, for an answer that was cut off before it reported its input. */
const BYTES_PER_TOKEN = 3;
const NO_TOKENS: Tokens = { input: 0, cached: 0, output: 0, surcharge: 0 };

function costAtMost({ model, most }: ModelRequest, { agent_prices: prices }: Config, agent: string): ModelCost {
  const price = priceOf(prices, model, agent);
  return { tokens: most.input + most.output, usd: price ? usdOf({ ...most, cached: 0 }, price) : 0 };
}

function usdOf({ input, cached, output, surcharge }: Tokens, price: ModelPrice): number {
  const tokens = { input_tokens: input, cached_input_tokens: Math.min(cached, input), output_tokens: output };
  return costOf(tokens, price) + (surcharge * price.input) / 1_000_000;
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

function denied(response: ServerResponse, dialect: Dialect, status: number, reason: string): Outcome {
  refuse(response, dialect, status, `nightcrier: ${reason}`);
  return { decision: 'denied', status, bytes: 0, reason };
}

function refuse(response: ServerResponse, dialect: Dialect, status: number, message: string): void {
  const body = JSON.stringify(dialect.errorBody(status, message));
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
}

function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return (inner instanceof Error ? inner.message : String(inner)).split('\n')[0]?.slice(0, 300) ?? '';
}
