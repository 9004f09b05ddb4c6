import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { silentLogger } from '@nightcrier/core/logger';
import { chooseMode, ownTransport, readAccess } from '@nightcrier/cluster/mcp/connection/open-session';
import type { ConnectionError } from '@nightcrier/cluster/mcp/session/connection-error';
import { explainError } from '@nightcrier/cluster/mcp/session/explain-error';
import { DEFAULT_SESSION_TIMEOUTS, McpSession } from '@nightcrier/cluster/mcp/session/session';
import { LIST_RESOURCES_TOOL, resourcesOf, SUBSCRIBE_TOOL } from '@nightcrier/cluster/mcp/session/tools';
import { createMcpTransport } from '@nightcrier/cluster/mcp/session/transport';
import { proveSight } from '@nightcrier/cluster/mcp/liveness/proof';
import { readAccess as readMcpAccess } from '@nightcrier/ingester/clusters/read-access';
import type { Check, CheckContext } from '../check.ts';
import { failed, type Finding, ok, skipped, warning } from '../finding.ts';

type Mode = CheckContext['config']['subscribe_mode'];

/** The MCP server of each cluster: a session as an ingester opens it, its tools, and a list through it. */
export const mcpServers: Check = {
  name: 'mcp',
  examine: ({ config }) =>
    config.clusters.map((cluster) => ({
      subject: cluster.name,
      timeoutMs: 40_000,
      run: async (signal) => inspect(cluster, config.subscribe_mode, signal),
    })),
};

async function inspect(cluster: ClusterConfig, mode: Mode, signal: AbortSignal): Promise<Finding[]> {
  const { name, mcp } = cluster;
  if (!mcp) return [skipped(name, 'the cluster is watched through its Kubernetes API')];
  const { endpoint } = mcp;
  try {
    const access = await readAccess({ readAccess: () => readMcpAccess(mcp) });
    const transport = access.tls ? ownTransport(access.tls) : createMcpTransport();
    try {
      const session = await McpSession.open(
        {
          clusterName: name,
          endpoint,
          access,
          dispatcher: transport,
          timeouts: DEFAULT_SESSION_TIMEOUTS,
          logger: silentLogger,
          onNotification: () => undefined,
          onMalformed: () => undefined,
          onLost: () => undefined,
        },
        signal,
      );
      try {
        return await inspectSession(session, { name, endpoint, mode });
      } finally {
        await session.close();
      }
    } finally {
      await transport.destroy();
    }
  } catch (error) {
    const explained = explainError(error, 'connect', endpoint);
    return [failed(name, explained.message, fixOf(explained, name, endpoint))];
  }
}

async function inspectSession(
  session: McpSession,
  { name, endpoint, mode }: { name: string; endpoint: string; mode: Mode },
): Promise<Finding[]> {
  const chosen = chooseMode({ mode, endpoint }, session);
  if (chosen !== 'poll') await session.listen();
  if (session.tools.has(LIST_RESOURCES_TOOL)) {
    const proof = await proveSight(session, endpoint, DEFAULT_SESSION_TIMEOUTS.call);
    if (proof.kind === 'refused') {
      return [failed(name, proof.reason, 'nightcrier rbac | kubectl apply -f -, for the account of the MCP server')];
    }
    const unreadable = await readList(session);
    if (unreadable !== undefined) {
      return [failed(name, unreadable, 'start the MCP server with --list-output yaml')];
    }
  }
  const protocol = session.protocolVersion ?? 'unknown version';
  const found = `${chosen === 'poll' ? 'polled' : `push (${chosen})`}, MCP ${protocol}`;
  if (!session.tools.has(LIST_RESOURCES_TOOL)) {
    const message = `${found}; no tool ${LIST_RESOURCES_TOOL}: nothing proves that the server sees the cluster`;
    return [warning(name, message, 'start the MCP server with --toolsets core')];
  }
  if (chosen === 'poll' && session.tools.has(SUBSCRIBE_TOOL) && mode !== 'poll') {
    const message = `${found}: the server has ${SUBSCRIBE_TOOL}, but holds no sessions, and so pushes nothing`;
    return [warning(name, message, 'start the MCP server without --stateless, or set subscribe_mode: poll')];
  }
  return [ok(name, `${found}, lists the cluster`)];
}

/** Reads one object as a poll does. Returns what is wrong with the answer. */
async function readList(session: McpSession): Promise<string | undefined> {
  const one = session.takes(LIST_RESOURCES_TOOL, 'fieldSelector') ? { fieldSelector: 'metadata.name=default' } : {};
  const answer = await session.call(LIST_RESOURCES_TOOL, { apiVersion: 'v1', kind: 'Namespace', ...one });
  // Who may list no namespaces may still list pods.
  if (answer.isError) return undefined;
  try {
    resourcesOf(answer);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function fixOf({ code }: ConnectionError, name: string, endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  switch (code) {
    case 'unauthorized':
    case 'forbidden':
      return `set mcp.api_key_file of the cluster ${name} to the key that ${origin} accepts`;
    case 'bad_credentials':
      return `correct the files under mcp of the cluster ${name}`;
    case 'not_found':
    case 'redirected':
      return pathname === '/mcp'
        ? `correct mcp.endpoint of the cluster ${name}: nothing is served at /mcp`
        : `set mcp.endpoint of the cluster ${name} to ${origin}/mcp`;
    case 'unsupported':
      return 'run kubernetes-mcp-server with --toolsets core';
    case 'api_unauthorized':
      return 'renew the kubeconfig or token of the MCP server, and restart it';
    case 'api_unreachable':
      return 'restore the API server of the cluster, or the kubeconfig of the MCP server';
    case 'api_forbidden':
      return 'nightcrier rbac | kubectl apply -f -, for the account of the MCP server';
    case 'protocol':
      return `set mcp.endpoint of the cluster ${name} to a kubernetes-mcp-server; see what answers: curl -i ${endpoint}`;
    default:
      return `start the MCP server at ${origin}, or correct mcp.endpoint of the cluster ${name}`;
  }
}
