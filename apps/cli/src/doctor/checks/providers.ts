import { MODEL_PROVIDERS, type ModelProvider } from '@nightcrier/core/settings/agent-cli';
import type { Config } from '@nightcrier/core/settings/config';
import { checkKey, type KeyCheck } from '@nightcrier/gateway/llm/check-key';
import type { Check } from '../check.ts';
import { failed, type Finding, ok, skipped, warning } from '../finding.ts';
import { agentsOf } from './agents-of.ts';

/** The key of each model provider that an agent uses. Its list of models costs nothing. */
export const providers: Check = {
  name: 'provider',
  examine: ({ config }) => {
    const used = usedBy(config);
    if (used.length === 0) {
      return [{ subject: 'models', run: async () => [skipped('models', 'the built-in analyser needs no model')] }];
    }
    return used.map((provider) => ({
      subject: nameOf(provider),
      timeoutMs: 30_000,
      run: async (signal) => [described(provider, await checkKey(nameOf(provider), config, signal))],
    }));
  },
};

/** Each agent uses the first of its providers whose key is set. A script of one's own may need none. */
function usedBy(config: Config): ModelProvider[] {
  const used = agentsOf(config).flatMap((agent) => {
    const known = MODEL_PROVIDERS[agent];
    const withKey = known.find(({ key }) => (config[key] ?? config[`${key}_file`]) !== undefined);
    return withKey ?? (config.agent_script_path === undefined ? (known[0] ?? []) : []);
  });
  return [...new Set(used)];
}

function nameOf({ key }: ModelProvider): 'anthropic' | 'openai' | 'gemini' {
  const names = { anthropic_api_key: 'anthropic', openai_api_key: 'openai', gemini_api_key: 'gemini' } as const;
  return names[key];
}

function described({ key, baseUrl }: ModelProvider, { kind, url, reason }: KeyCheck): Finding {
  const subject = nameOf({ key, baseUrl, goose: '' });
  switch (kind) {
    case 'accepted':
      return ok(subject, `${url} accepts the key`);
    case 'missing':
      return failed(subject, 'no key is configured', `set ${key}_file to a file with a key`);
    case 'refused':
      return failed(subject, `${url}: ${reason}`, `put a valid key into ${key}_file, or add credit to its account`);
    case 'unreachable':
      return failed(
        subject,
        `${url} is unreachable: ${reason}`,
        `let this machine reach it, set HTTPS_PROXY, or correct ${baseUrl}`,
      );
    case 'unknown':
      return warning(
        subject,
        `${url}: ${reason}`,
        `correct ${baseUrl}, if agents fail; it is not known whether the key is accepted`,
      );
    default:
      return kind satisfies never;
  }
}
