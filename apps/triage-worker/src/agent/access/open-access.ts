import { MODEL_PROVIDERS, type ModelProvider } from '@nightcrier/core/settings/agent-cli';
import type { Settings } from '@nightcrier/core/settings/config';
import { socketDirectory } from '@nightcrier/runtime/configuration/socket-directory';
import type { Reservation } from '@nightcrier/state/grants/grants';
import type { GatewaySockets } from '../../agent-runtime.ts';
import type { Claim } from '../../claim.ts';
import type { TriageContext } from '../../triage-context.ts';
import { agentKubeconfig } from './agent-kubeconfig.ts';
import { directKubeconfig } from './direct-kubeconfig.ts';
import { type ProviderAccess, providerAccess } from './provider-access.ts';
import { isIsolated, openSockets, reachableGateways, socketsAt, usesGateway } from './reachable-gateways.ts';

/** Where the forwarder in the agent image listens (agent-container/forward-to-gateway.mjs). */
const IN_CONTAINER = { kube: 'https://127.0.0.1:7443', llm: 'http://127.0.0.1:7080' };
/** Seconds by which a grant outlives the agent's time: evidence is collected before it, and the container is stopped after it. */
export const GRANT_GRACE = 300;

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
  /** Of the container that was started before. */
  reservation?: Reservation | undefined;
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

async function openThroughGateway(
  request: AccessRequest,
  direct: ProviderAccess & Pick<AgentAccess, 'kubeconfig'>,
): Promise<AgentAccess | NoAccess> {
  const { claim, context, place, reservation } = request;
  const { config, access } = context;
  const gateways = await reachableGateways(context, place);
  const [first] = gateways;
  if (!first) {
    const where = place === 'container' ? `with the socket directory ${socketDirectory(config)}` : 'on this machine';
    const reason = `no gateway runs ${where}; start one, or set kube_access and llm_access to direct`;
    return { kind: 'unavailable', reason };
  }
  const { incident, cluster } = claim;
  const run = { incident_id: incident.incident_id, cluster: cluster.name, attempt: incident.attempts };
  const { token, grant } = await access.grants.issue(
    { ...run, agent: config.agent_cli, ...(config.agent_model !== undefined && { model: config.agent_model }) },
    config.agent_timeout + GRANT_GRACE,
    reservation ??
      (place === 'container' && gateways.every(({ run_sockets }) => run_sockets) ? 'own_sockets' : 'shared'),
  );
  let gateway = first;
  if (grant.socket !== undefined) {
    const listening = await openSockets(grant.socket, gateways, context);
    if (listening === undefined) {
      context.signal.throwIfAborted();
      await access.grants.revoke(incident.incident_id, incident.attempts);
      const ids = gateways.map(({ id }) => id).join(', ');
      return { kind: 'unavailable', reason: `no gateway opens sockets for the run: ${ids} do not answer` };
    }
    gateway = listening;
  }
  const urls = place === 'container' ? IN_CONTAINER : { kube: gateway.kube_url, llm: gateway.llm_url };
  return {
    ...(config.llm_access === 'gateway' ? modelAccess(config, urls.llm, token) : direct),
    kubeconfig:
      config.kube_access === 'gateway'
        ? agentKubeconfig(cluster.name, { server: urls.kube, ca: gateway.ca, token })
        : direct.kubeconfig,
    ...(place === 'container' && { gatewaySockets: socketsAt(config, grant.socket) }),
    isolated: isIsolated(config),
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
