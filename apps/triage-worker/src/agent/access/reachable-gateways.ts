import type { Settings } from '@nightcrier/core/settings/config';
import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import type { GatewayAddress } from '@nightcrier/state/gateways/gateway-board';
import { hostname } from 'node:os';
import type { GatewaySockets } from '../../agent-runtime.ts';
import type { TriageContext } from '../../triage-context.ts';

/** Milliseconds in which a gateway opens the sockets of a run. */
const SOCKETS_TIMEOUT_MS = 15_000;

type Access = Pick<Settings, 'kube_access' | 'llm_access'>;

/** Returns whether agents reach anything through the gateway. */
export function usesGateway({ kube_access, llm_access }: Access): boolean {
  return kube_access === 'gateway' || llm_access === 'gateway';
}

/** Returns whether agents reach nothing but the gateway. */
export function isIsolated({ kube_access, llm_access }: Access): boolean {
  return kube_access === 'gateway' && llm_access === 'gateway';
}

/** Returns the live gateways that a container or a script of this worker reaches. */
export async function reachableGateways(
  { config, access }: Pick<TriageContext, 'config' | 'access'>,
  place: 'container' | 'script',
): Promise<GatewayAddress[]> {
  const directory = socketDirectory(config);
  const inReach = ({ socket_dir, host }: GatewayAddress): boolean =>
    place === 'container' ? socket_dir === directory : host === hostname();
  const reached = (await access.gateways.live()).filter(inReach);
  // Gateways of several machines may have the same directory.
  const near = reached.filter(({ host }) => host === hostname());
  return near.length > 0 ? near : reached;
}

/** Waits until a gateway listens on the sockets of a run. Returns it; undefined if none does in time. */
export async function openSockets(
  socket: string,
  gateways: readonly GatewayAddress[],
  { access, signal }: Pick<TriageContext, 'access' | 'signal'>,
): Promise<GatewayAddress | undefined> {
  const ids = gateways.map(({ id }) => id);
  // One that was killed is on the board for ten seconds.
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(SOCKETS_TIMEOUT_MS)]);
  const listening = await access.runSockets.open(socket, ids, bounded);
  return gateways.find(({ id }) => id === listening);
}

/** Returns where a container finds the sockets of a run; those that all runs share without one. */
export function socketsAt(config: Settings, run: string | undefined): GatewaySockets {
  return { root: config.gateway_socket_volume ?? socketDirectory(config), ...(run !== undefined && { run }) };
}
