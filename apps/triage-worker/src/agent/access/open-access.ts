import { MODEL_PROVIDERS, type ModelProvider } from '@nightcrier/core/settings/agent-cli';
import type { Settings } from '@nightcrier/core/settings/config';
import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import type { GatewayAddress } from '@nightcrier/state/gateways/gateway-board';
import { hostname } from 'node:os';
import type { GatewaySockets } from '../../agent-runtime.ts';
import type { Claim } from '../../claim.ts';
import type { TriageContext } from '../../triage-context.ts';
import { type ProviderAccess, providerAccess } from '../run/provider-environment.ts';
import { agentKubeconfig } from './agent-kubeconfig.ts';
import { directKubeconfig } from './direct-kubeconfig.ts';

/** Where the forwarder in the agent image listens (agent-container/forward-to-gateway.mjs). */
const IN_CONTAINER = { kube: 'https://127.0.0.1:7443', llm: 'http://127.0.0.1:7080' };
/** Seconds by which a grant outlives the agent's time: evidence is collected before it, and the container is stopped after it. */
const GRANT_GRACE = 300;
/** Milliseconds in which a gateway opens the sockets of a run. */
const SOCKETS_TIMEOUT_MS = 15_000;

/** How one run of an agent reaches its cluster and its model. */
export interface AgentAccess extends ProviderAccess {
  /** The kubeconfig that the agent gets. Undefined for a script that gets the cluster's own. */
  kubeconfig: string | undefined;
  /** For a container; missing if it needs none. */
  gatewaySockets?: GatewaySockets;
  /** Nothing is reached but the gateway. */
  isolated: boolean;
}

/** Why an agent cannot be run. */
export interface NoAccess {
  kind: 'unavailable' | 'unusable';
  reason: string;
}

interface AccessRequest {
  claim: Claim;
  context: TriageContext;
  /** A container reaches the gateway through its sockets, a script through the loopback interface. */
  place: 'container' | 'script';
}

/**
 * Opens what an agent needs: through the gateway, with a token of this run, or directly, as `kube_access` and `llm_access` say.
 * Key files are read for each run.
 * @throws Error when Redis does not answer; the signal's reason when it is aborted
 */
export async function openAccess(request: AccessRequest): Promise<AgentAccess | NoAccess> {
  const { config } = request.context;
  let direct: ProviderAccess;
  let kubeconfig: string | undefined;
  try {
    direct = config.llm_access === 'direct' ? await providerAccess(config) : NOTHING;
    kubeconfig = config.kube_access === 'direct' ? await directAccess(request) : undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'unusable', reason: `a key or kubeconfig for ${config.agent_cli} cannot be read: ${message}` };
  }
  if (!usesGateway(config)) return { ...direct, kubeconfig, isolated: false };
  return openThroughGateway(request, { ...direct, kubeconfig });
}

const NOTHING: ProviderAccess = { variables: {}, secrets: {} };

/** Returns whether agents reach anything through the gateway. */
export function usesGateway({ kube_access, llm_access }: Pick<Settings, 'kube_access' | 'llm_access'>): boolean {
  return kube_access === 'gateway' || llm_access === 'gateway';
}

async function openThroughGateway(
  request: AccessRequest,
  direct: ProviderAccess & Pick<AgentAccess, 'kubeconfig'>,
): Promise<AgentAccess | NoAccess> {
  const { claim, context, place } = request;
  const { config, access } = context;
  const directory = socketDirectory(config);
  const inReach = ({ socket_dir, host }: GatewayAddress): boolean =>
    place === 'container' ? socket_dir === directory : host === hostname();
  const reached = (await access.gateways.live()).filter(inReach);
  // Gateways of several machines may have the same directory.
  const near = reached.filter(({ host }) => host === hostname());
  const gateways = near.length > 0 ? near : reached;
  const [first] = gateways;
  if (!first) {
    const where = place === 'container' ? `with the socket directory ${directory}` : 'on this machine';
    const reason = `no gateway runs ${where}; start one, or set kube_access and llm_access to direct`;
    return { kind: 'unavailable', reason };
  }
  const { incident, cluster } = claim;
  const run = { incident_id: incident.incident_id, cluster: cluster.name, attempt: incident.attempts };
  const { token, grant } = await access.grants.issue(
    { ...run, agent: config.agent_cli, ...(config.agent_model !== undefined && { model: config.agent_model }) },
    config.agent_timeout + GRANT_GRACE,
    place === 'container' && gateways.every(({ run_sockets }) => run_sockets === true) ? 'own_sockets' : 'shared',
  );
  let gateway = first;
  if (grant.socket !== undefined) {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(SOCKETS_TIMEOUT_MS)]);
    const ids = gateways.map(({ id }) => id);
    // One that was killed is on the board for ten seconds.
    const listener = await access.runSockets.open(grant.socket, ids, signal);
    if (listener === undefined) {
      context.signal.throwIfAborted();
      await access.grants.revoke(incident.incident_id, incident.attempts);
      return { kind: 'unavailable', reason: `no gateway opens sockets for the run: ${ids.join(', ')} do not answer` };
    }
    gateway = gateways.find(({ id }) => id === listener) ?? first;
  }
  const urls = place === 'container' ? IN_CONTAINER : { kube: gateway.kube_url, llm: gateway.llm_url };
  return {
    ...(config.llm_access === 'gateway' ? modelAccess(config, urls.llm, token) : direct),
    kubeconfig:
      config.kube_access === 'gateway'
        ? agentKubeconfig(cluster.name, { server: urls.kube, ca: gateway.ca, token })
        : direct.kubeconfig,
    ...(place === 'container' && {
      gatewaySockets: {
        root: config.gateway_socket_volume ?? directory,
        ...(grant.socket !== undefined && { run: grant.socket }),
      },
    }),
    isolated: config.kube_access === 'gateway' && config.llm_access === 'gateway',
  };
}

/** Returns what a container may have of the cluster's kubeconfig. A script runs as the worker's user, and reads the file itself. */
async function directAccess({ claim, place }: AccessRequest): Promise<string | undefined> {
  return place === 'container' ? directKubeconfig(claim.kubeconfig) : undefined;
}

/** The token stands for the key, and the gateway for the provider. */
function modelAccess(config: Settings, url: string, token: string): ProviderAccess {
  const provider = providerOf(config);
  if (!provider) return NOTHING;
  const base = provider.baseUrl === 'openai_base_url' ? `${url}/v1` : url;
  return {
    variables: {
      [provider.baseUrl.toUpperCase()]: base,
      ...(config.agent_cli === 'goose' && { GOOSE_PROVIDER: provider.goose }),
    },
    secrets: { [provider.key.toUpperCase()]: token },
  };
}

/** The first provider whose key is set; the worker itself may have none. */
function providerOf(config: Settings): ModelProvider | undefined {
  const providers = MODEL_PROVIDERS[config.agent_cli];
  const isSet = ({ key }: ModelProvider): boolean => (config[key] ?? config[`${key}_file`]) !== undefined;
  return providers.find(isSet) ?? providers[0];
}
