import { useProxies } from '@nightcrier/core/settings/proxies';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startConnectProxy } from '../../../test/fixtures/connect-proxy.ts';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type StubLlm, startStubLlm } from '../../../test/fixtures/stub-llm.ts';
import type { Step } from '../../../test/fixtures/stub-llm/script.ts';
import { GatewayHarness } from './gateway-harness.ts';
import { checkKey } from '../src/llm/check-key.ts';
import { AnsweringProvider, events, readUntil, UnendingStream } from './answering-provider.ts';

const KEY = 'sk-real-key-of-the-provider';

let redis: RedisServer;
let harness: GatewayHarness;
let stub: StubLlm | undefined;

beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  harness = await GatewayHarness.open(redis.url);
});
afterEach(async () => {
  await harness.close();
  await stub?.stop();
  stub = undefined;
});

async function configFor(url: string, settings = {}) {
  const file = path.join(harness.folder, 'key');
  await writeFile(file, `${KEY}\n`);
  return harness.config(
    '{}',
    {},
    {
      anthropic_api_key_file: file,
      anthropic_base_url: url,
      openai_api_key_file: file,
      openai_base_url: `${url}/v1`,
      gemini_api_key_file: file,
      google_gemini_base_url: url,
      ...settings,
    },
  );
}

/** Starts a scripted model and a gateway in front of it. */
async function doorTo(steps: Step[], settings = {}) {
  stub = await startStubLlm({ steps });
  const { address } = await harness.start(await configFor(stub.url, settings));
  return { stub, url: address.llm_url };
}

const TEXT: Step[] = [{ text: 'The pod has no memory.' }];
const USER = [{ role: 'user', content: 'why?' }];
const MESSAGES = { model: 'claude-x', max_tokens: 100, messages: USER };
const CONTENTS = [{ role: 'user', parts: [{ text: 'why?' }] }];

const post = (url: string, token: string, body: unknown, headers = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const recorded = async (grant: { incident_id: string; attempt: number }, requests: number) => {
  await expect
    .poll(async () => (await harness.state.doorRecords.read(grant)).summary.llm_requests, { timeout: 30_000 })
    .toBe(requests);
  return harness.state.doorRecords.read(grant);
};

const AGENT_OF = { messages: 'claude', responses: 'codex', completions: 'codex', gemini: 'gemini' } as const;

describe('a request to a model', () => {
  it.each([
    ['messages', '/v1/messages?beta=true', MESSAGES],
    ['messages', '/v1/messages', { ...MESSAGES, stream: true }],
    ['responses', '/v1/responses', { model: 'gpt-x', input: 'why?' }],
    ['responses', '/v1/responses', { model: 'gpt-x', input: [{ role: 'user', content: 'why?' }], stream: true }],
    ['completions', '/v1/chat/completions', { model: 'gpt-x', messages: USER }],
    ['completions', '/v1/chat/completions', { model: 'gpt-x', messages: USER, stream: true }],
    ['gemini', '/v1beta/models/gemini-x:generateContent', { contents: CONTENTS }],
    ['gemini', '/v1beta/models/gemini-x:streamGenerateContent?alt=sse', { contents: CONTENTS }],
  ] as const)('of %s %s is sent with the key, and its tokens are counted', async (dialect, target, body) => {
    const agent_prices = { [AGENT_OF[dialect]]: { input: 10, cached_input: 1, output: 100 } };
    const { stub: model, url } = await doorTo(TEXT, { agent_prices });
    const { token, grant } = await harness.grant({ agent: AGENT_OF[dialect] });
    const answer = await post(`${url}${target}`, token, body);
    expect(answer.status).toBe(200);
    // The stub answers "ok" to a request without tools.
    expect(await answer.text()).toContain('ok');
    expect(model.requests).toMatchObject([{ apiKey: KEY }]);
    expect(JSON.stringify(model.requests)).not.toContain(token);
    const { summary, entries } = await recorded(grant, 1);
    expect(summary).toMatchObject({ input_tokens: 1200, output_tokens: 34, llm_denied: 0 });
    // The scripted Chat Completions have no cached input.
    const cached = dialect === 'completions' ? 0 : 800;
    expect(summary.cost_usd).toBeCloseTo(((1200 - cached) * 10 + cached + 34 * 100) / 1e6, 9);
    expect(entries).toMatchObject([{ door: 'llm', decision: 'allowed', status: 200, input_tokens: 1200 }]);
  });

  it('reaches the provider through the proxy that the environment names', async () => {
    stub = await startStubLlm({ steps: TEXT });
    const proxy = await startConnectProxy();
    onTestFinished(() => {
      proxy.close();
      useProxies({});
    });
    useProxies({ HTTP_PROXY: proxy.url });
    // Only the proxy resolves this name.
    const { address } = await harness.start(await configFor(`http://models.test:${new URL(stub.url).port}`));
    const { token } = await harness.grant();
    expect((await post(`${address.llm_url}/v1/messages`, token, MESSAGES)).status).toBe(200);
    expect([...proxy.forwarded]).toEqual([`models.test:${new URL(stub.url).port}`]);
    expect(stub.requests).toMatchObject([{ apiKey: KEY }]);
  });

  it('with a guessed token is refused until there are too many of them; a run that is known goes on', async () => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant();
    expect((await post(`${url}/v1/messages`, token, MESSAGES)).status).toBe(200);
    const guess = async (index: number) => post(`${url}/v1/messages`, `guess-${index}`, MESSAGES);
    const answers = await Promise.all(Array.from({ length: 400 }, async (_, index) => guess(index)));
    const throttled = answers.filter(({ status }) => status === 429);
    expect(throttled.length).toBeGreaterThan(0);
    expect(throttled[0]?.headers.get('retry-after')).toBe('1');
    expect(await throttled[0]?.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
    expect((await post(`${url}/v1/messages`, token, MESSAGES)).status).toBe(200);
    expect(model.requests).toHaveLength(2);
  });

  it.each([
    ['/v1/messages', MESSAGES],
    ['/v1/chat/completions', { model: 'gpt-x', messages: USER }],
    ['/v1beta/models/gemini-x:generateContent', { contents: CONTENTS }],
    [
      '/v1beta/models/gemini-x:generateContent',
      { contents: CONTENTS, systemInstruction: { parts: [{ text: 'x' }] }, tools: { functionDeclarations: [] } },
    ],
  ])('of goose, which uses any provider, is sent to %s with its key', async (target, body) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant({ agent: 'goose' });
    expect((await post(`${url}${target}`, token, body)).status).toBe(200);
    expect(model.requests).toMatchObject([{ apiKey: KEY }]);
  });

  it.each([
    ['/v1/messages/count_tokens', { model: 'claude-x', messages: USER }],
    ['/v1/messages', MESSAGES],
  ])('is refused without a valid token: %s', async (target, body) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { grant, token } = await harness.grant();
    await harness.state.grants.revoke(grant.incident_id);
    expect((await post(`${url}${target}`, token, body)).status).toBe(401);
    expect(model.requests).toEqual([]);
  });

  const tool = (type: string) => ({ ...MESSAGES, tools: [{ type, name: 'x' }] });
  const block = (content: object) => ({ ...MESSAGES, messages: [{ role: 'user', content: [content] }] });
  it.each([
    ['claude', '/v1/messages', tool('web_search_20250305'), 'runs at the provider'],
    ['claude', '/v1/messages', tool('web_fetch_20250910'), 'runs at the provider'],
    ['claude', '/v1/messages', tool('code_execution_20250825'), 'runs at the provider'],
    ['claude', '/v1/messages', tool('mcp_toolset'), 'runs at the provider'],
    ['claude', '/v1/messages', { ...MESSAGES, mcp_servers: [{ url: 'https://x' }] }, 'mcp_servers'],
    ['claude', '/v1/messages', { ...MESSAGES, container: 'x' }, 'container'],
    ['claude', '/v1/messages', block({ type: 'document', source: { type: 'url', url: 'http://x' } }), 'from a url'],
    ['claude', '/v1/messages', block({ type: 'image', source: { type: 'base64', data: 'eA==' } }), 'image'],
    ['claude', '/v1/messages', block({ type: 'document', source: { type: 'base64', data: 'eA==' } }), 'from a base64'],
    ['claude', '/v1/messages', { ...MESSAGES, messages: [{ content: { type: 'image' } }] }, 'a text or a list'],
    ['claude', '/v1/messages', { ...MESSAGES, messages: { content: 'x' } }, 'messages must be a list'],
    ['claude', '/v1/messages', { ...MESSAGES, system: [{ type: 'image' }] }, 'image'],
    ['claude', '/v1/messages', { ...MESSAGES, tools: { type: 'web_search_20250305' } }, 'tools must be a list'],
    [
      'claude',
      '/v1/messages',
      { ...MESSAGES, tools: [{ name: 'x', allowed_callers: ['code_execution_20250825'] }] },
      'a call of a tool by code_execution_20250825',
    ],
    ['claude', '/v1/messages', { ...MESSAGES, context_management: { edits: [{ type: 'compact_1' }] } }, 'compact_1'],
    ['claude', '/v1/messages', { ...MESSAGES, speed: 'fast' }, 'speed'],
    ['claude', '/v1/messages', block({ type: 'document', source: { type: 'file', file_id: 'x' } }), 'from a file'],
    ['claude', '/v1/messages', block({ type: 'container_upload', file_id: 'x' }), 'container_upload'],
    [
      'claude',
      '/v1/messages',
      block({ type: 'tool_result', content: [{ type: 'image', source: { type: 'url', url: 'http://x' } }] }),
      'image',
    ],
    ['claude', '/v1/messages', block({ type: 'text', text: 'x', url: 'http://x' }), 'the field url'],
    ['claude', '/v1/messages', { ...MESSAGES, tools: [{ name: 'x', server_url: 'http://x' }] }, 'the field server_url'],
    ['claude', '/v1/messages', { ...MESSAGES, model: 'gpt-4' }, 'gpt-4 is not allowed'],
    ['claude', '/v1/responses', { model: 'gpt-x', input: 'x' }, 'does not use openai'],
    ['claude', '/v1/messages/batches', MESSAGES, 'no endpoint'],
    ['claude', '/v1/files', MESSAGES, 'no endpoint'],
    ['claude', '/v1/messages/../files', MESSAGES, 'no endpoint'],
    ['claude', '/v1/messages?x=1', MESSAGES, 'no endpoint'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', tools: [{ type: 'web_search' }] }, 'runs at the provider'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', tools: [{ type: 'mcp' }] }, 'runs at the provider'],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: 'x', tools: [{ type: 'namespace', tools: [{ type: 'web_search' }] }] },
      'runs at the provider',
    ],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', previous_response_id: 'x' }, 'previous_response_id'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', background: true }, 'background'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', store: true }, 'stored'],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: [{ content: [{ type: 'input_image', image_url: 'data:x' }] }] },
      'image',
    ],
    ['codex', '/v1/responses', { model: 'gpt-x', input: [{ content: [{ type: 'input_file' }] }] }, 'input_file'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: { type: 'item_reference', id: 'x' } }, 'a text or a list'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: [{ type: 'item_reference', id: 'x' }] }, 'item_reference'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', prompt: { id: 'x' } }, 'prompt'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', conversation: 'x' }, 'conversation'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', service_tier: 'priority' }, 'service_tier'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', include: ['file_search_call.results'] }, 'file_search'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', tools: { type: 'web_search' } }, 'tools must be a list'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', store: 'yes' }, 'stored'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', tool_choice: { type: 'mcp' } }, 'runs at the provider'],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', tool_choice: 'web_search' }, 'runs at the provider'],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: [{ content: [{ type: 'input_text', text: 'x', image_url: 'http://x' }] }] },
      'image_url',
    ],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: 'x', tool_choice: { type: 'allowed_tools', tools: [{ type: 'file_search' }] } },
      'file_search runs at the provider',
    ],
    [
      'codex',
      '/v1/chat/completions',
      { model: 'gpt-x', messages: USER, tool_choice: { type: 'web_search' } },
      'runs at',
    ],
    ['codex', '/v1/responses/resp_1', { model: 'gpt-x' }, 'no endpoint'],
    ['codex', '/v1/embeddings', { model: 'gpt-x', input: 'x' }, 'no endpoint'],
    ['codex', '/v1/chat/completions', { model: 'gpt-x', messages: USER, n: 8 }, 'n is not allowed'],
    ['codex', '/v1/chat/completions', { model: 'gpt-x', messages: [{ audio: { id: 'x' } }] }, 'audio'],
    [
      'codex',
      '/v1/chat/completions',
      { model: 'gpt-x', messages: [{ content: [{ type: 'file', file: { file_id: 'x' } }] }] },
      'file',
    ],
    ['codex', '/v1/chat/completions', { model: 'gpt-x', messages: USER, web_search_options: {} }, 'web_search_options'],
    [
      'codex',
      '/v1/chat/completions',
      { model: 'gpt-x', messages: [{ content: [{ type: 'image_url', image_url: { url: 'http://x' } }] }] },
      'image',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], tools: [{ googleSearch: {} }] },
      'googleSearch',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], tools: [{ url_context: {} }] },
      'url_context',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], tools: [{ codeExecution: {} }] },
      'codeExecution',
    ],
    ['gemini', '/v1beta/models/gemini-x:generateContent', { contents: [], cachedContent: 'x' }, 'cachedContent'],
    ['gemini', '/v1beta/models/gemini-x:generateContent', { contents: [{ parts: [{ fileData: {} }] }] }, 'fileData'],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: { parts: { fileData: {} } } },
      'contents must be a list',
    ],
    ['gemini', '/v1beta/models/gemini-x:generateContent', { contents: [{ parts: { fileData: {} } }] }, 'parts must be'],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], tools: { googleSearch: {} } },
      'googleSearch runs',
    ],
    ['gemini', '/v1beta/models/gemini-x:generateContent', { contents: [], tools: 'googleSearch' }, 'tools must be'],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [{ parts: [{ functionResponse: { name: 'x', parts: [{ fileData: {} }] } }] }] },
      'parts in the response',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], generationConfig: { candidate_count: 8 } },
      'candidate_count',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [], generationConfig: { candidateCount: '8' } },
      'more than one',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { generateContentRequest: { contents: [] }, tools: [{ googleSearch: {} }] },
      'tools',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:countTokens',
      { generateContentRequest: { model: 'models/gemini-y', contents: [] } },
      'another one',
    ],
    ['gemini', '/v1beta/models/gemini-x:batchGenerateContent', { contents: [] }, 'no endpoint'],
    ['gemini', '/v1beta/tunedModels/x:generateContent', { contents: [] }, 'no endpoint'],
    ['gemini', '/v1beta/models/gemini-x:predict', { contents: [] }, 'no endpoint'],
    ['gemini', '/v1beta/models/gemini-x:generateContent?key=x', { contents: [] }, 'no endpoint'],
    ['gemini', '/upload/v1beta/files', {}, 'no endpoint'],
  ])('of %s to %s is denied: %j', async (agent, target, body, reason) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token, grant } = await harness.grant({ agent });
    const { hostname, port } = new URL(url);
    // `fetch` would tidy the path.
    const answer = await post(`http://${hostname}:${port}${target.replace('/../', '/%2e%2e/')}`, token, body);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain(reason);
    expect(model.requests).toEqual([]);
    expect((await recorded(grant, 1)).summary.llm_denied).toBe(1);
  });

  it.each([
    ['claude', '/v1/messages', { ...MESSAGES, max_tokens: -100_000 }],
    ['claude', '/v1/messages', { ...MESSAGES, max_tokens: '1' }],
    ['claude', '/v1/messages', { ...MESSAGES, max_tokens: 1e300 }],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x', max_output_tokens: 0.5 }],
    ['codex', '/v1/chat/completions', { model: 'gpt-x', messages: USER, max_completion_tokens: '9' }],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: CONTENTS, generationConfig: { maxOutputTokens: '9' } },
    ],
    ['claude', '/v1/messages', { ...MESSAGES, stream: 'true' }],
    ['claude', '/v1/messages', { ...MESSAGES, tools: [JSON.parse('{"a":'.repeat(300) + '1' + '}'.repeat(300))] }],
  ])('of %s to %s is refused as invalid: %j', async (agent, target, body) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant({ agent });
    expect((await post(`${url}${target}`, token, body)).status).toBe(400);
    expect(model.requests).toEqual([]);
  });

  it('of the Responses API is not stored at the provider, also where it does not say so', async () => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant({ agent: 'codex' });
    await post(`${url}/v1/responses`, token, { model: 'gpt-x', input: 'why?' });
    expect(JSON.parse(model.requests[0]?.raw ?? '')).toMatchObject({ store: false, max_output_tokens: 64_000 });
  });

  it.each([
    [{ max_tokens: 9, max_completion_tokens: 5 }, 5],
    [{ max_tokens: 9 }, 9],
  ])('of Chat Completions has one bound: %j', async (bounds, expected) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant({ agent: 'codex' });
    await post(`${url}/v1/chat/completions`, token, { model: 'gpt-x', messages: USER, ...bounds });
    const { max_tokens, max_completion_tokens } = JSON.parse(model.requests[0]?.raw ?? '');
    expect([max_tokens, max_completion_tokens].filter(Boolean)).toEqual([expected]);
  });

  it.each([
    [{}, 'claude-haiku-4', true],
    [{ model: 'claude-x' }, 'claude-x', true],
    [{ model: 'claude-x' }, 'claude-haiku-4', false],
    [{ model: 'sonnet' }, 'claude-sonnet-4-5', true],
    [{ model: 'sonnet' }, 'claude-opus-4-5', false],
    [{ model: 'claude-x' }, 'listed-small', true],
    [{ model: 'claude-x' }, 'prefix-1', true],
  ])('of a run with %j for the model %s is allowed: %s', async (run, model, isAllowed) => {
    const { url } = await doorTo(TEXT, { llm_models: ['listed-small', 'prefix-*'] });
    const { token } = await harness.grant(run);
    expect((await post(`${url}/v1/messages`, token, { ...MESSAGES, model })).status).toBe(isAllowed ? 200 : 403);
  });

  it('is redacted, but for what the provider has signed', async () => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant();
    const secret = 'password=hunter2hunter2';
    await post(`${url}/v1/messages`, token, {
      ...MESSAGES,
      system: secret,
      messages: [
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: `log: ${secret}` }] },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: 'password=signature1' }] },
      ],
    });
    expect(model.requests[0]?.raw).not.toContain('hunter2');
    expect(model.requests[0]?.raw).toContain('password=signature1');
  });

  it('may have addresses in what the agent calls its tools with', async () => {
    const { url } = await doorTo(TEXT);
    const { token } = await harness.grant();
    const used = { type: 'tool_use', id: 'a', name: 'fetch', input: { url: 'http://cart', file_id: 'x' } };
    const tools = [{ name: 'fetch', input_schema: { type: 'object', properties: { url: { type: 'string' } } } }];
    const body = { ...MESSAGES, tools, messages: [{ role: 'assistant', content: [used] }] };
    expect((await post(`${url}/v1/messages`, token, body)).status).toBe(200);
  });

  it.each([
    ['claude', '/v1/messages', { ...MESSAGES, metadata: { user_id: 'password=hunter2hunter2' } }],
    [
      'claude',
      '/v1/messages',
      { ...MESSAGES, tools: [{ name: 'x', description: 'password=hunter2hunter2', input_schema: {} }] },
    ],
    [
      'claude',
      '/v1/messages',
      {
        ...MESSAGES,
        messages: [
          {
            role: 'assistant',
            content: [{ type: 'tool_use', id: 'a', name: 'x', input: { data: { password: 'hunter2hunter2' } } }],
          },
        ],
      },
    ],
    [
      'claude',
      '/v1/messages',
      block({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'password=hunter2hunter2' } }),
    ],
    [
      'codex',
      '/v1/chat/completions',
      { model: 'gpt-x', messages: USER, response_format: { type: 'text', x: 'password=hunter2hunter2' } },
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: [{ parts: [{ functionResponse: { name: 'x', response: { data: 'password=hunter2hunter2' } } }] }] },
    ],
  ])('of %s to %s is redacted wherever the agent can write: %j', async (agent, target, body) => {
    const { stub: model, url } = await doorTo(TEXT);
    const { token } = await harness.grant({ agent });
    expect((await post(`${url}${target}`, token, body)).status).toBe(200);
    expect(model.requests[0]?.raw).toContain('[redacted]');
    expect(model.requests[0]?.raw).not.toContain('hunter2');
  });

  it('is sent as it is with llm_redaction: false', async () => {
    const { stub: model, url } = await doorTo(TEXT, { llm_redaction: false });
    const { token } = await harness.grant();
    await post(`${url}/v1/messages`, token, { ...MESSAGES, system: 'password=hunter2hunter2' });
    expect(model.requests[0]?.raw).toContain('hunter2');
  });
});

describe('what models cost', () => {
  it('never exceeds the budget of the day, over two gateways and many clusters at once', async () => {
    stub = await startStubLlm({ steps: TEXT });
    const tokens = 30_000;
    const config = await configFor(stub.url, { llm_budgets: { per_day: { tokens } } });
    const urls = [(await harness.start(config)).address.llm_url, (await harness.start(config)).address.llm_url];
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const { token } = await harness.grant();
        const answer = await post(`${urls[index % 2]}/v1/messages`, token, MESSAGES);
        await answer.text();
        return answer.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 402]));
    await expect
      .poll(() => harness.state.budgets.today(), { timeout: 30_000 })
      .toMatchObject({
        tokens: statuses.filter((status) => status === 200).length * 1234,
      });
    expect((await harness.state.budgets.today()).tokens).toBeLessThanOrEqual(tokens);
  });

  it.each([
    ['claude', '/v1/messages', MESSAGES, { type: 'error', error: { type: 'billing_error' } }],
    ['codex', '/v1/responses', { model: 'gpt-x', input: 'x' }, { error: { code: 'insufficient_quota' } }],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: CONTENTS },
      { error: { code: 402, status: 'RESOURCE_EXHAUSTED' } },
    ],
  ])(
    'is refused to %s in the form of its provider when the incident has used its budget',
    async (agent, target, body, error) => {
      const { url } = await doorTo(TEXT, { llm_budgets: { incident: { tokens: 1000 } } });
      const { token, grant } = await harness.grant({ agent });
      const answer = await post(`${url}${target}`, token, body);
      expect(answer.status).toBe(402);
      expect(await answer.json()).toMatchObject(error);
      expect((await recorded(grant, 1)).summary).toMatchObject({ budget_exhausted: 'tokens per incident' });
    },
  );

  it('is bounded in USD where the model has a price', async () => {
    const settings = {
      agent_prices: { 'claude-x': { input: 1, output: 10_000 } },
      llm_budgets: { incident: { usd: 1.5 } },
    };
    const { url } = await doorTo(TEXT, settings);
    const { token } = await harness.grant();
    // 100 tokens of output at 10,000 USD per million.
    expect((await post(`${url}/v1/messages`, token, MESSAGES)).status).toBe(200);
    expect((await post(`${url}/v1/messages`, token, { ...MESSAGES, max_tokens: 200 })).status).toBe(402);
  });

  it('includes answers that the agent cuts off', async () => {
    const usage = { input_tokens: 5000, output_tokens: 1 };
    const delta = { type: 'text_delta', text: 'x'.repeat(3000) };
    await using provider = await UnendingStream.start([
      { type: 'message_start', message: { usage } },
      { type: 'content_block_delta', delta },
    ]);
    const gateway = await harness.start(await configFor(provider.url, { llm_budgets: { per_day: { tokens: 1e6 } } }));
    const { token, grant } = await harness.grant();
    await readUntil(await post(`${gateway.address.llm_url}/v1/messages`, token, { ...MESSAGES, stream: true }), 'xxx');
    const { entries } = await recorded(grant, 1);
    expect(entries).toMatchObject([{ decision: 'failed', input_tokens: 5000, output_tokens: 1000 }]);
    await expect.poll(() => harness.state.budgets.today(), { timeout: 30_000 }).toMatchObject({ tokens: 6000 });
  });

  it('includes requests that the agent gives up before the answer begins', async () => {
    await using provider = await UnendingStream.start([], 'silent');
    const gateway = await harness.start(await configFor(provider.url, { llm_budgets: { per_day: { tokens: 1e6 } } }));
    const { token, grant } = await harness.grant();
    const giveUp = new AbortController();
    const request = fetch(`${gateway.address.llm_url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ ...MESSAGES, system: 'x'.repeat(3000) }),
      signal: giveUp.signal,
    });
    await provider.asked;
    giveUp.abort();
    await expect(request).rejects.toThrow('aborted');
    const { summary } = await recorded(grant, 1);
    expect(summary.input_tokens).toBeGreaterThan(1000);
    expect(summary.output_tokens).toBeGreaterThan(0);
    await expect
      .poll(async () => (await harness.state.budgets.today()).tokens, { timeout: 30_000 })
      .toBeGreaterThan(1000);
  });

  it('includes answers without a report of their tokens', async () => {
    await using provider = await AnsweringProvider.start(200, 'application/json', `{"content":"${'x'.repeat(900)}"}`);
    const { address } = await harness.start(await configFor(provider.url));
    const { token, grant } = await harness.grant();
    await (await post(`${address.llm_url}/v1/messages`, token, MESSAGES)).text();
    expect((await recorded(grant, 1)).summary.output_tokens).toBeGreaterThanOrEqual(300);
  });

  it.each([
    [
      'claude',
      '/v1/messages',
      { ...MESSAGES, stream: true },
      [
        { type: 'message_start', message: { usage: { input_tokens: 50, output_tokens: 1 } } },
        { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x'.repeat(900) } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
        { type: 'message_stop' },
      ],
      'message_stop',
    ],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: 'x', stream: true },
      [
        { type: 'response.output_text.delta', delta: 'x'.repeat(900) },
        { type: 'response.completed', response: { usage: { input_tokens: 50, output_tokens: 7 } } },
      ],
      'response.completed',
    ],
    [
      'codex',
      '/v1/chat/completions',
      { model: 'gpt-x', messages: USER, stream: true },
      [
        { choices: [{ delta: { content: 'x'.repeat(900) } }] },
        { choices: [], usage: { prompt_tokens: 50, completion_tokens: 7 } },
        '[DONE]',
      ],
      '[DONE]',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
      { contents: CONTENTS },
      [
        {
          candidates: [{ content: { parts: [{ text: 'x'.repeat(900) }] }, finishReason: 'STOP' }],
          usageMetadata: { promptTokenCount: 50, candidatesTokenCount: 7 },
        },
      ],
      'STOP',
    ],
  ])('of %s %s is what the provider reported, also where the agent closes after the last event', async (...row) => {
    const [agent, target, body, events, last] = row;
    await using provider = await UnendingStream.start(events);
    const gateway = await harness.start(await configFor(provider.url));
    const { token, grant } = await harness.grant({ agent });
    await readUntil(await post(`${gateway.address.llm_url}${target}`, token, body), last);
    const { entries, summary } = await recorded(grant, 1);
    expect(entries).toMatchObject([{ decision: 'allowed', input_tokens: 50, output_tokens: 7 }]);
    expect(summary.provider_failure).toBeUndefined();
  });

  it('counts in full when the gateway that reserved it died', async () => {
    const request = { incident_id: 'i', cluster: 'alpha', cost: { tokens: 700, usd: 0 } };
    const { budgets } = harness.state;
    expect(await budgets.reserve({ ...request, seconds: 0.01 }, { per_day: { tokens: 1000 } })).toMatchObject({
      kind: 'reserved',
    });
    await expect
      .poll(
        async () => {
          await budgets.reserve({ ...request, seconds: 60 }, { per_day: { tokens: 1000 } });
          return (await budgets.today()).tokens;
        },
        { timeout: 30_000 },
      )
      .toBe(700);
  });
});

describe('a provider that fails', () => {
  it.each([
    [
      'claude',
      '/v1/messages',
      MESSAGES,
      401,
      { error: { message: 'invalid x-api-key' } },
      'HTTP 401: invalid x-api-key',
    ],
    [
      'claude',
      '/v1/messages',
      MESSAGES,
      400,
      { error: { message: 'Your credit balance is too low' } },
      'credit balance',
    ],
    [
      'claude',
      '/v1/messages',
      MESSAGES,
      400,
      { error: { message: 'This organization has been disabled.' } },
      'disabled',
    ],
    ['claude', '/v1/messages', MESSAGES, 529, { error: { message: 'Overloaded' } }, 'HTTP 529: Overloaded'],
    [
      'codex',
      '/v1/responses',
      { model: 'gpt-x', input: 'x', tools: [{ type: 'function', name: 'x' }] },
      429,
      { error: { message: 'You exceeded your current quota' } },
      'quota',
    ],
    [
      'gemini',
      '/v1beta/models/gemini-x:generateContent',
      { contents: CONTENTS },
      400,
      { error: { message: 'API key not valid.' } },
      'API key not valid',
    ],
    ['claude', '/v1/messages', MESSAGES, 400, { error: { message: 'max_tokens: too large' } }, undefined],
  ])('%s %s: %j %i %j is remembered as %s', async (agent, target, body, status, error, reason) => {
    const { url } = await doorTo([{ status, body: error }]);
    const { token, grant } = await harness.grant({ agent });
    const answer = await post(`${url}${target}`, token, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual(error);
    const { summary } = await recorded(grant, 1);
    expect(summary.provider_failure ?? 'none').toContain(reason ?? 'none');
  });

  const begun = { type: 'message_start', message: { usage: { input_tokens: 50, output_tokens: 1 } } };
  it.each([
    [200, 'text/html', '<html>Sign in</html>', 'a page of HTML'],
    [200, 'application/json', '', 'not JSON'],
    [200, 'application/json', '{"error":{"code":502,"message":"Provider returned error"}}', 'Provider returned error'],
    [302, 'text/html', '', 'a redirect'],
    [200, 'text/event-stream', events(begun), 'ended before its last event'],
    [
      200,
      'text/event-stream',
      events(begun, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      'Overloaded',
    ],
    [
      200,
      'text/event-stream',
      events(begun, { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long' } }),
      undefined,
    ],
  ])('%i %s %j is remembered as %s', async (status, type, text, reason) => {
    await using provider = await AnsweringProvider.start(status, type, text);
    const { address } = await harness.start(await configFor(provider.url));
    const { token, grant } = await harness.grant();
    const stream = type === 'text/event-stream';
    const answer = await post(`${address.llm_url}/v1/messages`, token, { ...MESSAGES, stream });
    expect(await answer.text()).not.toContain('Sign in');
    const { summary } = await recorded(grant, 1);
    expect(summary.provider_failure ?? 'none').toContain(reason ?? 'none');
  });

  it('repeats the key in its error: the agent does not get it', async () => {
    await using provider = await AnsweringProvider.start(502, 'text/plain', `x-api-key: ${KEY} was refused`);
    const { address } = await harness.start(await configFor(provider.url));
    const { token } = await harness.grant();
    const answer = await post(`${address.llm_url}/v1/messages`, token, MESSAGES);
    expect(await answer.text()).toBe('x-api-key: [redacted] was refused');
  });

  it('is unreachable: the agent gets an error of the provider’s form', async () => {
    const { address } = await harness.start(await configFor('http://127.0.0.1:1'));
    const { token, grant } = await harness.grant();
    const answer = await post(`${address.llm_url}/v1/messages`, token, MESSAGES);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining('does not answer') },
    });
    expect((await recorded(grant, 1)).summary.provider_failure).toContain('does not answer');
  });

  it('is forgotten when it answers again', async () => {
    const { url } = await doorTo(TEXT);
    const { token, grant } = await harness.grant();
    await harness.state.doorRecords.noteProvider(grant, 'HTTP 529');
    await post(`${url}/v1/messages`, token, MESSAGES);
    expect((await recorded(grant, 1)).summary.provider_failure).toBeUndefined();
  });
});

it('the key of a proxy without a list of models is not known to be refused', async () => {
  await using provider = await AnsweringProvider.start(404, 'application/json', '{"error":{"message":"Not Found"}}');
  const config = await configFor(provider.url);
  expect(await checkKey('anthropic', config, AbortSignal.timeout(60_000))).toMatchObject({ kind: 'unknown' });
});
