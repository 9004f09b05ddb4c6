import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from './config-schema.ts';

const validate = new Ajv({ allErrors: true, validateFormats: false, strictTypes: false }).compile(configSchema());
const CONFIGS = path.join(import.meta.dirname, '../../../../configs');
const clusters = [{ name: 'west', mcp: { endpoint: 'http://west' } }];

describe('the JSON Schema', () => {
  test.each(['config.example.yaml', 'demo.yaml'])('accepts configs/%s', (file) => {
    const content: unknown = parse(readFileSync(path.join(CONFIGS, file), 'utf8'));
    expect([validate(content), validate.errors]).toEqual([true, null]);
  });

  test.each([
    { agent_timeout: 90 },
    { agent_timeout: '1m30s' },
    { agent_timeout: '${TIMEOUT:-90}' },
    { agent_cli: '${AGENT}' },
    { redis: { url: 'rediss://redis.example' }, api: { access_key: '${KEY}' } },
    { agent_allowed_tools: 'Read,Grep' },
  ])('accepts %j', (settings) => {
    expect(validate({ clusters, ...settings })).toBe(true);
  });

  test.each([
    { agnt_cli: 'claude' },
    { agent_cli: 'cloude' },
    { agent_timeout: 'soon' },
    { max_concurrent_agents: 0 },
    { redis: { uri: 'redis://x' } },
    { clusters: [{ name: 'west', mcp: {} }] },
    { clusters: [{ name: 'west', mcp_endpoint: 'http://west' }] },
  ])('refuses %j', (settings) => {
    expect(validate({ clusters, ...settings })).toBe(false);
  });
});
