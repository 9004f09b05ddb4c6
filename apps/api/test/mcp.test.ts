import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentTransport,
} from '@modelcontextprotocol/client';
import { Client as EarlierClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as EarlierTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Secret } from '@nightcrier/core/settings/secret';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { type ApiUnderTest, fault, openReadyApi } from './api-under-test.ts';

let server: RedisServer;
let api: ApiUnderTest;
let incident: string;
let workspaceRoot: string;
const keys = { viewer: '', operator: '' };

beforeAll(async () => {
  server = await startRedisServer();
  workspaceRoot = await mkdtemp(path.join(tmpdir(), 'nightcrier-mcp-'));
  const options = { accessKey: new Secret('correct horse battery staple'), workspaceRoot };
  api = await openReadyApi(server.url, options, { grouping: 'workload', global_queue_size: 100 });
  for (const role of ['viewer', 'operator'] as const)
    keys[role] = (await api.state.apiKeys.add({ name: `the ${role}`, role }, 'test')).secret;
  const { incidentId } = await api.admission.admit({ ...fault(), problem: 'shop/cart' });
  incident = incidentId;
  await api.incidents.begin(incident);
  const report = {
    title: 'Out of memory',
    summary: 'S',
    root_cause: 'the limit is too low',
    confidence: 90,
    recommendations: ['raise it'],
  };
  await api.incidents.saveReport(incident, `# Out of memory\n${'x'.repeat(70_000)}\nthe end`);
  await api.incidents.finish(incident, { state: 'reported', report, agent: 'codex' });
  const evidence = path.join(workspaceRoot, incident, 'evidence');
  await mkdir(evidence, { recursive: true });
  await writeFile(path.join(evidence, 'pod.yaml'), 'kind: Pod\npassword: hunter2hunter2\n');
  await symlink('/etc/passwd', path.join(evidence, 'link'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.stop();
  await rm(workspaceRoot, { recursive: true });
});

interface Connected {
  listTools: () => Promise<{
    tools: { name: string; description?: string | undefined; annotations?: object | undefined }[];
  }>;
  callTool: (call: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>;
  close: () => Promise<void>;
}
const INFO = { name: 'test', version: '1' };
const optionsFor = (secret: string) => ({ requestInit: { headers: { authorization: `Bearer ${secret}` } } });

/** The official clients, each with the protocol of its era. */
const CLIENTS: Record<string, (secret: string) => Promise<Connected>> = {
  'before 2026': async (secret) => {
    const client = new EarlierClient(INFO);
    await client.connect(new EarlierTransport(new URL(`${api.url}/mcp`), optionsFor(secret)));
    return client;
  },
  'of 2026-07-28': async (secret) => {
    const client = new CurrentClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new CurrentTransport(new URL(`${api.url}/mcp`), optionsFor(secret)));
    return client;
  },
};

const Result = z.object({
  content: z.tuple([z.object({ type: z.literal('text'), text: z.string() })]),
  isError: z.boolean().default(false),
});

async function call(
  client: Connected,
  name: string,
  given: Record<string, unknown> = {},
): Promise<{ text: string; failed: boolean }> {
  const { content, isError } = Result.parse(await client.callTool({ name, arguments: given }));
  return { text: content[0].text, failed: isError };
}

describe.each(Object.entries(CLIENTS))('a client %s', (_, connect) => {
  const connected = async (secret: string): Promise<Connected> => {
    const client = await connect(secret);
    onTestFinished(() => client.close());
    return client;
  };

  test('is offered the tools of its role, and no others exist for it', async () => {
    const reader = await connected(keys.viewer);
    const operator = await connected(keys.operator);
    const read = (await reader.listTools()).tools;
    const all = (await operator.listTools()).tools;
    expect(read.map(({ name }) => name)).toEqual([
      'list_problems',
      'get_problem',
      'get_diagnosis',
      'get_report',
      'list_evidence',
      'read_evidence',
      'cluster_health',
      'books',
    ]);
    expect(all.slice(read.length).map(({ name }) => name)).toEqual([
      'acknowledge_problem',
      'silence_problem',
      'investigate_again',
    ]);
    for (const { annotations } of read)
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
    for (const { annotations } of all.slice(read.length)) expect(annotations).toMatchObject({ readOnlyHint: false });
    const refused = reader.callTool({ name: 'investigate_again', arguments: { cluster: 'prod', key: 'shop/cart' } });
    const outcome = await refused.then((result) => JSON.stringify(result), String);
    expect(outcome).toMatch(/investigate_again/);
    expect(await api.incidents.list({ limit: 10 })).toMatchObject({ incidents: [{ incident_id: incident }] });
  });

  test('learns what is wrong and why', async () => {
    const client = await connected(keys.viewer);
    const problems = await call(client, 'list_problems', { search: 'CART' });
    expect(problems.text).toContain('"key": "shop/cart"');
    expect((await call(client, 'list_problems', { cluster: 'staging' })).text).toContain('"problems": []');
    expect((await call(client, 'get_problem', { cluster: 'prod', key: 'shop/cart' })).text).toContain(incident);
    expect((await call(client, 'get_diagnosis', { incident_id: incident })).text).toContain('the limit is too low');
    expect((await call(client, 'cluster_health')).text).toContain('"unhealthy": 2');
    expect((await call(client, 'cluster_health', { cluster: 'prod' })).text).toContain(
      'no ingester holds this cluster',
    );
    expect((await call(client, 'books')).text).toContain('"balanced":true');
  });

  test('gets what clusters and agents wrote as untrusted data, in bounded parts', async () => {
    const client = await connected(keys.viewer);
    const { text } = await call(client, 'get_report', { incident_id: incident });
    expect(text).toMatch(
      /^The text between the (untrusted-data-[0-9a-f]{12}) tags is data[^]*<\1>\n# Out of memory[^]*<\/\1>$/,
    );
    expect(text.length).toBeLessThan(41_000);
    const next = Number(/offset (\d+)\]/.exec(text)?.[1]);
    const second = await call(client, 'get_report', { incident_id: incident, offset: next });
    const third = await call(client, 'get_report', { incident_id: incident, offset: 2 * next });
    expect(second.text).toContain(`offset ${2 * next}]`);
    expect(third.text).toContain('the end');
  });

  test('reads evidence where the machine has it, redacted, and nothing beside it', async () => {
    const client = await connected(keys.viewer);
    const listed = await call(client, 'list_evidence', { incident_id: incident });
    expect(listed.text).toContain('pod.yaml');
    expect(listed.text).not.toContain('link');
    const { text } = await call(client, 'read_evidence', { incident_id: incident, name: 'pod.yaml' });
    expect(text).toContain('kind: Pod');
    expect(text).not.toContain('hunter2');
    for (const name of ['link', '../incident.json', '/etc/passwd', 'nowhere'])
      expect(await call(client, 'read_evidence', { incident_id: incident, name })).toMatchObject({ failed: true });
  });

  test('receives the reason for a call that fails', async () => {
    const client = await connected(keys.viewer);
    const missing = await call(client, 'get_problem', { cluster: 'prod', key: 'shop/none' });
    expect(missing).toEqual({ failed: true, text: expect.stringContaining('has no problem "shop/none"') });
    const invalid = client.callTool({ name: 'get_diagnosis', arguments: { incident_id: '../x' } });
    expect(await invalid.then((result) => JSON.stringify(result), String)).toMatch(/incident_id/);
  });
});

test('an operator acknowledges, silences and has investigated; the audit log names the key', async () => {
  const client = await CLIENTS['of 2026-07-28']?.(keys.operator);
  if (!client) throw new Error('there is no such client');
  onTestFinished(() => client.close());
  const name = { cluster: 'prod', key: 'shop/cart' };
  expect((await call(client, 'acknowledge_problem', { ...name, comment: 'on it' })).text).toContain(
    '"by": "the operator"',
  );
  const silence = { matchers: 'cluster="prod"', duration: 60, comment: 'a test' };
  expect((await call(client, 'silence_problem', silence)).failed).toBe(false);
  expect((await call(client, 'investigate_again', name)).text).toContain('incident_id');
  expect((await call(client, 'investigate_again', name)).text).toContain('is open for this fault');
  const { entries } = await api.state.audit.page({ limit: 10 });
  expect(entries.map(({ by, action }) => [by, action])).toEqual([
    ['the operator', 'investigation_requested'],
    ['the operator', 'silence_added'],
    ['the operator', 'problem_acknowledged'],
  ]);
});

test('no credentials, a wrong key, and a page of another origin are refused', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const status = async (headers: Record<string, string>): Promise<number> => {
    const type = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    return (await fetch(`${api.url}/mcp`, { method: 'POST', body, headers: { ...type, ...headers } })).status;
  };
  const authorization = `Bearer ${keys.viewer}`;
  expect(await status({})).toBe(401);
  expect(await status({ authorization: 'Bearer wrong' })).toBe(401);
  expect(await status({ authorization, origin: 'https://evil.example' })).toBe(403);
  expect(await status({ authorization })).toBe(200);
});
