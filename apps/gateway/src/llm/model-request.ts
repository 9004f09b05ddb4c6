import type { Grant } from '@nightcrier/core/gateway/grant';
import type { Config } from '@nightcrier/core/settings/config';
import { addressIn } from './addresses.ts';
import { isAllowedModel } from './allowed-model.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { isDeeperThan, isObject, type JsonObject } from './dialects/json.ts';
import { usesProvider } from './providers.ts';
import { redactPrompt } from './redact-prompt.ts';

/** Most tokens of an answer whose request does not bound it. */
const LONGEST_ANSWER = 64_000;
/** No model writes more. */
const MOST_TOKENS = 10_000_000;
/** Objects in a request: schemas of tools are the deepest. */
const DEEPEST = 200;
/** Tokens that a provider adds to a request with tools, at most. */
const ADDED_TOKENS = 2_048;

/** A request that may be sent to the provider. */
export interface ModelRequest {
  endpoint: Endpoint;
  model: string;
  streams: boolean;
  body: string;
  /** Most tokens of input and output. A token of text has at least one byte. */
  most: { input: number; output: number; surcharge: number };
}

/** A request that may not. `endpoint` is missing if it names none. */
export interface RefusedRequest {
  endpoint?: Endpoint;
  problem: string;
  status: number;
}

/** Decides whether a request may be sent to the provider, and builds it anew: bounded, and redacted if `llm_redaction` is set. */
export async function modelRequest(
  { method, target, content }: { method: string; target: string; content: Buffer },
  { agent, model: configured }: Grant,
  { llm_models: listed, llm_redaction }: Config,
): Promise<ModelRequest | RefusedRequest> {
  const endpoint = endpointOf(method, target);
  if (!endpoint)
    return { problem: `${method} ${target.slice(0, 100)} is no endpoint that agents may use`, status: 403 };
  const { dialect } = endpoint;
  const refused = (problem: string, status = 403): RefusedRequest => ({ endpoint, problem, status });
  if (!usesProvider(agent, dialect.provider)) return refused(`${agent} does not use ${dialect.provider}`);
  const body = parse(content);
  if (!body) return refused('the body is not a JSON object', 400);
  // A provider that reads 'true' as true would answer with a stream.
  if (![undefined, null, true, false].some((known) => body.stream === known))
    return refused('stream must be true or false', 400);
  const model = endpoint.model ?? body.model;
  if (typeof model !== 'string') return refused('the request names no model', 400);
  if (!isAllowedModel(model, { provider: dialect.provider, configured, listed })) {
    return refused(`the model ${model.slice(0, 100)} is not allowed; list it in llm_models`);
  }
  if (isDeeperThan(DEEPEST, body)) return refused(`the body is nested more than ${DEEPEST} times`, 400);
  const address = addressIn(body);
  const problem =
    dialect.problemOf(body, model) ?? (address === undefined ? undefined : `the field ${address} is not allowed`);
  if (problem !== undefined) return refused(problem);
  const longest = endpoint.counts ? 0 : (dialect.longestAnswer(body) ?? LONGEST_ANSWER);
  if (!endpoint.counts && !(Number.isSafeInteger(longest) && longest > 0 && longest <= MOST_TOKENS)) {
    return refused(`an answer of ${longest} tokens is not allowed`, 400);
  }
  const bounded = endpoint.counts ? body : dialect.bounded(body, longest);
  const text = JSON.stringify(llm_redaction ? await redactPrompt(bounded) : bounded);
  const input = Buffer.byteLength(text) + ADDED_TOKENS;
  return {
    endpoint,
    model,
    streams: endpoint.streams ?? body.stream === true,
    body: text,
    most: { input, output: longest, surcharge: dialect.surchargeAtMost?.(text, input) ?? 0 },
  };
}

function parse(content: Buffer): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(content.toString('utf8'));
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
