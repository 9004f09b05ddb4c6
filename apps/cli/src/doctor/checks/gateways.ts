import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import { checkSocketPath, openSocketDirectory } from '@nightcrier/gateway/doors/listen';
import path from 'node:path';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, reasonOf, skipped, warning } from '../finding.ts';
import { agentsOf } from './agents-of.ts';
import { quoted } from './secret-files.ts';

/** The longest name of a socket below the directory: of a run, and of a gateway's door. */
const LONGEST_NAME = 'aaaaaaaaaaaa/bbbbbbbb.kube.sock';

/** The directory of the gateways' sockets, and the gateways that listen. */
export const gateways: Check = {
  name: 'gateway',
  examine: (context) => [{ subject: 'gateway', run: async () => inspect(context) }],
};

async function inspect({ config, redis }: CheckContext): Promise<Finding[]> {
  const { kube_access, llm_access, gateway_socket_dir } = config;
  if (agentsOf(config).length === 0) return [skipped('gateway', 'no agent is configured but the built-in analyser')];
  if (kube_access === 'direct' && llm_access === 'direct')
    return [skipped('gateway', 'kube_access and llm_access are direct')];
  const directory = socketDirectory(config);
  try {
    checkSocketPath(path.join(directory, LONGEST_NAME));
    await openSocketDirectory(directory);
  } catch (error) {
    const message = reasonOf(error);
    if (message.includes('longer than')) {
      return [failed(directory, message, 'gateway_socket_dir: /run/nightcrier')];
    }
    const fix =
      gateway_socket_dir === undefined
        ? `rm -r ${quoted(directory)}`
        : `sudo install -d -o $USER -m 755 ${quoted(directory)}`;
    return [failed(directory, message, fix)];
  }
  const access = await redis.access();
  if (access.kind !== 'open') return [ok(directory, 'usable for sockets')];
  const [live, workers] = await Promise.all([access.state.gateways.live(), access.state.isolation.read()]);
  if (live.length > 0)
    return [ok(directory, live.length === 1 ? '1 gateway listens' : `${live.length} gateways listen`)];
  if (workers.length === 0) return [ok(directory, 'usable for sockets; no worker runs now')];
  const message = 'workers run, and no gateway: their agents reach neither cluster nor model';
  return [warning(directory, message, 'start one on each machine with agents: node apps/gateway/src/main.ts')];
}
