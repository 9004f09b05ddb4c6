import pTimeout from 'p-timeout';
import type { Dispatcher } from 'undici';
import type { McpAccess, TlsFiles } from '../session/access.ts';
import { ConnectionError, rootMessage } from '../session/connection-error.ts';
import { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL, SUBSCRIBE_TOOL } from '../session/tools.ts';
import { createMcpTransport } from '../session/transport.ts';
import type { Subscription } from './subscription.ts';
import type { ClusterWatchOptions } from './watch-options.ts';

/**
 * Opens a session, and its event stream where the server pushes.
 * @returns the session, and how the cluster is watched through it
 * @throws ConnectionError
 */
export async function openSession(
  options: ClusterWatchOptions,
  subscription: Subscription,
  epoch: AbortController,
): Promise<{ session: McpSession; mode: ClusterWatchOptions['mode'] }> {
  const { cluster, logger, timeouts, transport: shared, status, watermark, onMalformed } = options;
  const { signal } = epoch;
  signal.throwIfAborted();
  status.change('connecting');
  const access = await readAccess(options);
  const own = access.tls && ownTransport(access.tls);
  const session = await McpSession.open(
    {
      clusterName: cluster.name,
      endpoint: options.endpoint,
      access,
      dispatcher: own ?? shared,
      timeouts,
      era: options.era,
      logger,
      onNotification: (notification) => subscription.receive(notification),
      onMalformed,
      onClosed: async () => own?.destroy(),
      onLost: (error) => epoch.abort(error),
    },
    signal,
  );
  watermark.noteSessions(options.era.hasSessions);
  try {
    const mode = chooseMode(options, session);
    options.onMode(mode === 'poll' ? 'poll' : 'subscribe');
    // Without an open stream the first fault would be lost, and would cancel the subscription.
    if (mode !== 'poll') await pTimeout(session.listen(), { milliseconds: Infinity, signal });
    status.change('connected');
    return { session, mode };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Returns how a cluster is watched through a session. @throws ConnectionError when the server has no tool for it */
export function chooseMode(
  { mode, endpoint }: Pick<ClusterWatchOptions, 'mode' | 'endpoint'>,
  session: Pick<McpSession, 'canPush' | 'tools'>,
): ClusterWatchOptions['mode'] {
  if (mode !== 'poll' && session.canPush && session.tools.has(SUBSCRIBE_TOOL)) return mode;
  if (session.tools.has(LIST_RESOURCES_TOOL)) return 'poll';
  const lacking = mode === 'poll' ? LIST_RESOURCES_TOOL : `${SUBSCRIBE_TOOL} or ${LIST_RESOURCES_TOOL}`;
  const message = `${endpoint} has no tool ${lacking}; check that it is a kubernetes-mcp-server with the core toolset`;
  throw new ConnectionError('unsupported', message);
}

/** @throws ConnectionError */
export async function readAccess(options: Pick<ClusterWatchOptions, 'readAccess'>): Promise<McpAccess> {
  try {
    return await options.readAccess();
  } catch (error) {
    const what = error instanceof Error && error.cause !== undefined ? `${error.message}: ` : '';
    const message = `credentials cannot be read: ${what}${rootMessage(error)}`;
    throw new ConnectionError('bad_credentials', message, { cause: error });
  }
}

/** @throws ConnectionError */
export function ownTransport(tls: TlsFiles): Dispatcher {
  try {
    return createMcpTransport(tls);
  } catch (error) {
    throw new ConnectionError('bad_credentials', `certificates cannot be used: ${rootMessage(error)}`, {
      cause: error,
    });
  }
}
