import { MODEL_PROVIDERS } from '@nightcrier/core/settings/agent-cli';
import type { Settings } from '@nightcrier/core/settings/config';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';

/** The variables of the worker's environment that the script and the client of the container engine get. */
const INHERITED_VARIABLES = ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'XDG_RUNTIME_DIR'];

/** Returns the environment of the container engine's client. */
export function engineEnvironment(inherited: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    INHERITED_VARIABLES.flatMap((name) => {
      const value = inherited[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * Returns the whole environment of the agent script: that of the engine's client, and key and base URL of the one provider
 * that the agent uses. Keys are read at each run, so that a rotated key file applies.
 * @throws Error that names the key's file when it cannot be read
 */
export async function scriptEnvironment(
  settings: Settings,
  inherited: Record<string, string | undefined>,
): Promise<Record<string, string>> {
  const environment = engineEnvironment(inherited);
  for (const { key, baseUrl, goose } of MODEL_PROVIDERS[settings.agent_cli]) {
    const secret = await readSecret(settings[key], settings[`${key}_file`]);
    if (!secret) continue;
    environment[key.toUpperCase()] = secret.reveal();
    const url = settings[baseUrl];
    if (url !== undefined) environment[baseUrl.toUpperCase()] = url;
    if (settings.agent_cli === 'goose') environment.GOOSE_PROVIDER = goose;
    break;
  }
  return environment;
}
