import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import type { Logger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import type { DoorRecords } from '@nightcrier/state/grants/door-records';
import { getStreamAsBuffer } from 'get-stream';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Dispatcher, request as send } from 'undici';
import type { Caller } from '../doors/caller.ts';
import type { Tokens } from './dialects/dialect.ts';
import { NO_TOKENS, usdOf } from './model-cost.ts';
import type { ModelRequest } from './model-request.ts';
import { providerFailure } from './provider-failure.ts';
import type { ProviderAccess } from './providers.ts';
import { type Outcome, refuse } from './refusal.ts';
import { hiddenTokens, UsageMeter } from './usage-meter.ts';

const LONGEST_ERROR = 256 * 1024;
/** Milliseconds until an answer begins, and between two parts of it. */
const ANSWER_TIMEOUT = 10 * 60_000;
/** Bytes of a token, for an answer that was cut off before it reported its input. */
const BYTES_PER_TOKEN = 3;

export interface RelayedRequest {
  asked: ModelRequest;
  response: ServerResponse;
  caller: Caller;
  access: ProviderAccess;
  /** Without the key. */
  headers: Record<string, string>;
  config: Config;
}

/** Sends requests to the provider and its answers to the agent, and remembers of a run whether the provider fails it. */
export class ModelRelay {
  readonly #records: DoorRecords;
  readonly #logger: Logger;

  constructor(records: DoorRecords, logger: Logger) {
    this.#records = records;
    this.#logger = logger;
  }

  /** Passes the answer of the provider on. Returns what is recorded of it, with its cost. */
  async relay(relayed: RelayedRequest): Promise<Outcome> {
    const { asked, response, caller, access } = relayed;
    const { endpoint, body } = asked;
    const ended = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) ended.abort();
    });
    const signal = AbortSignal.any([ended.signal, caller.signal]);
    const headers = { ...relayed.headers, ...access.headers };
    const timeouts = { headersTimeout: ANSWER_TIMEOUT, bodyTimeout: ANSWER_TIMEOUT };
    const sent = performance.now();
    let answer: Dispatcher.ResponseData;
    try {
      const url = `${access.baseUrl}${endpoint.path}`;
      answer = await send(url, { method: 'POST', headers, body, signal, dispatcher: outgoing(), ...timeouts });
    } catch (error) {
      if (!signal.aborted) return this.fail(relayed, 503, `the provider does not answer: ${reasonOf(error)}`);
      const tokens = { ...NO_TOKENS, input: inputOf(asked), output: hiddenTokens(asked.most, secondsSince(sent)) };
      return cost(relayed, tokens, { decision: 'failed', status: 499, bytes: 0, reason: CLOSED });
    }
    // A body that is given up reports that as an error; who reads it gets the error as well.
    answer.body.on('error', () => undefined);
    if (answer.statusCode >= 300) return this.#passFailure(answer, relayed);
    const type = String(answer.headers['content-type'] ?? 'application/json').toLowerCase();
    if (type.startsWith('text/html')) {
      answer.body.destroy();
      return this.fail(relayed, 502, `HTTP ${answer.statusCode} with a page of HTML, as of a login or a proxy`);
    }
    return this.#passAnswer(answer, relayed, { type, sent, signal });
  }

  /** Answers with an error, and remembers that the provider cannot be used. */
  async fail({ asked, response, caller }: Omit<RelayedRequest, 'access' | 'headers'>, status: number, reason: string) {
    const { dialect } = asked.endpoint;
    await this.#records.noteProvider(caller.grant, `${dialect.provider}: ${reason}`);
    refuse(response, dialect, status, reason);
    const outcome: Outcome = { decision: 'failed', status, bytes: 0, reason, model: asked.model };
    return outcome;
  }

  async #passAnswer(
    { statusCode: status, body }: Dispatcher.ResponseData,
    relayed: RelayedRequest,
    { type, sent, signal }: { type: string; sent: number; signal: AbortSignal },
  ): Promise<Outcome> {
    const { asked, response, caller } = relayed;
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache' });
    const isJson = type.startsWith('application/json');
    const meter = new UsageMeter(asked.endpoint.dialect, isJson ? false : type.startsWith(EVENTS) || asked.streams);
    let reason: string | undefined;
    try {
      await pipeline(body, meter, response);
    } catch (error) {
      // What the provider has sent until then costs as well. Some clients close the connection after the last event.
      if (!meter.complete) reason = signal.aborted ? CLOSED : reasonOf(error);
    }
    const failure = meter.failure ?? (signal.aborted ? undefined : reason);
    if (failure !== undefined || reason === undefined) await this.#note(caller, asked, failure);
    const tokens = meter.tokens({ input: inputOf(asked), output: asked.most.output }, secondsSince(sent));
    const problem = reason ?? failure;
    return cost(relayed, tokens, {
      decision: problem === undefined ? 'allowed' : 'failed',
      status,
      bytes: meter.bytes,
      ...(problem !== undefined && { reason: problem }),
    });
  }

  /** Passes the provider's error on, and remembers one that says that the provider cannot be used. */
  async #passFailure(
    { statusCode, headers, body }: Dispatcher.ResponseData,
    { asked, response, caller, access }: RelayedRequest,
  ): Promise<Outcome> {
    const { endpoint, model } = asked;
    const content = await getStreamAsBuffer(body, { maxBuffer: LONGEST_ERROR }).catch(() => Buffer.of());
    const text = withoutKey(content.toString('utf8'), access);
    const isRedirect = statusCode < 400;
    const failure = isRedirect
      ? `HTTP ${statusCode}: a redirect, which is not followed`
      : providerFailure(statusCode, text);
    // Gateways of one's own may count no tokens.
    if (failure !== undefined && !(endpoint.counts && statusCode === 404)) await this.#note(caller, asked, failure);
    const retry = headers['retry-after'];
    if (retry !== undefined) response.setHeader('retry-after', retry);
    const reason = failure ?? `HTTP ${statusCode}`;
    if (isRedirect || text === '') refuse(response, endpoint.dialect, isRedirect ? 502 : statusCode, reason);
    else {
      response.writeHead(statusCode, { 'content-type': String(headers['content-type'] ?? 'application/json') });
      response.end(text);
    }
    return { decision: 'failed', status: statusCode, bytes: text.length, reason, model };
  }

  /** @param failure undefined: the provider answers */
  async #note({ grant }: Caller, { endpoint }: ModelRequest, failure: string | undefined): Promise<void> {
    const text = failure === undefined ? undefined : `${endpoint.dialect.provider}: ${failure}`;
    await this.#records.noteProvider(grant, text).catch((error: unknown) => {
      this.#logger.warn({ incident_id: grant.incident_id, error }, 'answer of the provider not recorded');
    });
  }
}

const EVENTS = 'text/event-stream';
const CLOSED = 'the agent closed the connection';

function inputOf({ most }: ModelRequest): number {
  return Math.ceil(most.input / BYTES_PER_TOKEN);
}

function secondsSince(sent: number): number {
  return (performance.now() - sent) / 1000;
}

function cost({ asked, caller, config }: RelayedRequest, tokens: Tokens, outcome: Outcome): Outcome {
  const { endpoint, model } = asked;
  const spent = endpoint.counts ? NO_TOKENS : tokens;
  const usd = usdOf(spent, model, { config, agent: caller.grant.agent });
  return {
    ...outcome,
    model,
    input_tokens: spent.input,
    output_tokens: spent.output,
    ...(usd !== undefined && { cost_usd: usd }),
  };
}

/** Some servers repeat the headers of a request in their errors. */
function withoutKey(text: string, { headers }: ProviderAccess): string {
  return Object.values(headers).reduce((rest, value) => {
    const key = value.replace(/^Bearer /, '');
    return key === '' ? rest : rest.replaceAll(key, '[redacted]');
  }, text);
}

function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const [line = ''] = (inner instanceof Error ? inner.message : String(inner)).split('\n');
  return startWithoutSecrets(line, 300);
}
