import { MODEL_PROVIDERS } from '@nightcrier/core/settings/agent-cli';
import type { Settings } from '@nightcrier/core/settings/config';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';

/** What an agent's CLI needs to reach its model, by variable. */
export interface ProviderAccess {
  /** May be seen by everybody who can inspect the agent's container. */
  variables: Record<string, string>;
  secrets: Record<string, string>;
}

/**
 * Returns key and base URL of the one provider that the agent uses. Keys are read at each run, so that a rotated key file
 * applies.
 * @throws Error that names the key's file when it cannot be read
 */
export async function providerAccess(settings: Settings): Promise<ProviderAccess> {
  for (const { key, baseUrl, goose } of MODEL_PROVIDERS[settings.agent_cli]) {
    const secret = await readSecret(settings[key], settings[`${key}_file`]);
    if (!secret) continue;
    const url = settings[baseUrl];
    return {
      secrets: { [key.toUpperCase()]: secret.reveal() },
      variables: {
        ...(url !== undefined && { [baseUrl.toUpperCase()]: url }),
        ...(settings.agent_cli === 'goose' && { GOOSE_PROVIDER: goose }),
      },
    };
  }
  return { secrets: {}, variables: {} };
}
