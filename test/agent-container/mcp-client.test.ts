import { Secret } from '@nightcrier/core/settings/secret';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiUnderTest, fault, openReadyApi } from '../../apps/api/test/api-under-test.ts';
import { buildAgentImage, whyNoDocker } from '../fixtures/agent-image.ts';
import { createAgentNetwork, type AgentNetwork } from '../fixtures/agent-network.ts';
import { type RedisServer, startRedisServer } from '../fixtures/redis-server.ts';
import { startStubLlm, type StubLlm } from '../fixtures/stub-llm.ts';
import { KEYS } from './attempt.ts';

const why = await whyNoDocker();
const SERVER = 'nightcrier';

describe.skipIf(why)(`the MCP server with a real CLI${why ? ` (skipped: ${why})` : ''}`, () => {
  let image: string;
  let network: AgentNetwork;
  let redis: RedisServer;
  let api: ApiUnderTest;
  let secret: string;
  let stub: StubLlm;

  beforeAll(async () => {
    image = await buildAgentImage();
    network = await createAgentNetwork();
    redis = await startRedisServer();
    const accessKey = new Secret('correct horse battery staple');
    api = await openReadyApi(redis.url, { host: network.gateway, accessKey }, { grouping: 'workload' });
    ({ secret } = await api.state.apiKeys.add({ name: 'an IDE', role: 'viewer' }, 'test'));
    await api.admission.admit({ ...fault('prod', 'critical'), problem: 'shop/cart' });
  }, 900_000);
  afterAll(async () => {
    await stub?.stop();
    await api?.[Symbol.asyncDispose]();
    await redis?.stop();
    await network?.remove();
  });

  test('claude lists the tools of its role, calls one, and gives the answer to its model', async () => {
    stub = await startStubLlm({
      host: network.gateway,
      steps: [
        { tool: { name: `mcp__${SERVER}__list_problems`, input: { state: 'firing' } } },
        { text: 'One problem.' },
      ],
    });
    const server = { type: 'http', url: `${api.url}/mcp`, headers: { Authorization: `Bearer ${secret}` } };
    const settings = ['--mcp-config', JSON.stringify({ mcpServers: { [SERVER]: server } }), '--strict-mcp-config'];
    const rights = ['--setting-sources', '', '--permission-mode', 'dontAsk', '--allowedTools', `mcp__${SERVER}`];
    const environment = {
      ANTHROPIC_BASE_URL: stub.url,
      ANTHROPIC_API_KEY: KEYS.ANTHROPIC_API_KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      HOME: '/tmp',
      // The first line of output names the tools, so the servers are connected before.
      MCP_CONNECTION_NONBLOCKING: '0',
    };
    const variables = Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const run = [
      'run',
      '--rm',
      '--interactive',
      '--network',
      network.name,
      '--entrypoint',
      'claude',
      ...variables,
      image,
    ];
    const claude = [
      '--print',
      '--tools',
      '',
      '--output-format',
      'stream-json',
      '--verbose',
      '--no-session-persistence',
    ];
    const { stdout } = await execa('docker', [...run, ...claude, ...settings, ...rights], {
      input: 'What is broken in production?',
      timeout: 120_000,
    });

    const [init] = stdout.split('\n').map((line): unknown => JSON.parse(line));
    expect(init).toMatchObject({
      mcp_servers: expect.arrayContaining([expect.objectContaining({ name: SERVER, status: 'connected' })]),
      tools: expect.arrayContaining([`mcp__${SERVER}__list_problems`, `mcp__${SERVER}__get_diagnosis`]),
    });
    expect(JSON.stringify(init)).not.toContain('acknowledge_problem');
    const answered = stub.requests.filter(({ toolResults }) => toolResults === 1).map(({ raw }) => raw);
    expect(answered.join('\n')).toMatch(/untrusted-data-[0-9a-f]+.*prod.*shop\/cart/s);
  }, 150_000);
});
