import { type AgentCli, Settings } from '@nightcrier/core/settings/config';
import { expect, it } from 'vitest';
import { scriptEnvironment } from '../run/script/script-environment.ts';
import { providerAccess } from './provider-access.ts';

const keys = {
  anthropic_api_key: 'a-key',
  openai_api_key: 'o-key',
  gemini_api_key: 'g-key',
  anthropic_base_url: 'http://a.example',
  openai_base_url: 'http://o.example',
  google_gemini_base_url: 'http://g.example',
};

it.each<[AgentCli, Record<string, string>]>([
  ['claude', { ANTHROPIC_API_KEY: 'a-key', ANTHROPIC_BASE_URL: 'http://a.example' }],
  ['codex', { OPENAI_API_KEY: 'o-key', OPENAI_BASE_URL: 'http://o.example' }],
  ['gemini', { GEMINI_API_KEY: 'g-key', GOOGLE_GEMINI_BASE_URL: 'http://g.example' }],
  ['goose', { ANTHROPIC_API_KEY: 'a-key', ANTHROPIC_BASE_URL: 'http://a.example', GOOSE_PROVIDER: 'anthropic' }],
])('gives %s the key and the base URL of its own provider only', async (agent_cli, expected) => {
  const access = await providerAccess(Settings.parse({ ...keys, agent_cli }));
  expect(scriptEnvironment(access, {})).toEqual(expected);
});

it('gives goose the provider whose key is configured', async () => {
  const settings = Settings.parse({ agent_cli: 'goose', gemini_api_key: 'g-key' });
  expect(scriptEnvironment(await providerAccess(settings), {})).toEqual({
    GEMINI_API_KEY: 'g-key',
    GOOSE_PROVIDER: 'google',
  });
});

it('passes on only the variables that the client of the container engine needs', () => {
  const inherited = {
    PATH: '/bin',
    HOME: '/root',
    DOCKER_HOST: 'tcp://engine:2376',
    XDG_RUNTIME_DIR: '/run/user/0',
    REDIS_URL: 'redis://:password@redis',
    ANTHROPIC_API_KEY: 'from-the-environment',
  };
  expect(scriptEnvironment({ variables: {}, secrets: {} }, inherited)).toEqual({
    PATH: '/bin',
    HOME: '/root',
    DOCKER_HOST: 'tcp://engine:2376',
    XDG_RUNTIME_DIR: '/run/user/0',
  });
});

it('names a key file that cannot be read', async () => {
  const settings = Settings.parse({ agent_cli: 'claude', anthropic_api_key_file: '/nowhere/key' });
  await expect(providerAccess(settings)).rejects.toThrow('/nowhere/key');
});
