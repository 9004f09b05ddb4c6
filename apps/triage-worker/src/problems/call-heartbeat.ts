import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import type { Config } from '@nightcrier/core/settings/config';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import { fetch } from 'undici';

const TIMEOUT_MS = 10_000;

/**
 * Calls `heartbeat_url`.
 * @throws Error when it is unreachable, or does not answer with 2xx
 */
export async function callHeartbeat({ heartbeat_url, heartbeat_url_file }: Config): Promise<void> {
  const url = await readSecret(heartbeat_url, heartbeat_url_file);
  if (!url) return;
  const response = await fetch(url.reveal(), {
    redirect: 'manual',
    dispatcher: outgoing(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`heartbeat_url answered ${response.status}`);
}
