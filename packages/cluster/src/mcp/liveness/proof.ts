import { listError } from '../session/list-error.ts';
import type { ConnectionError } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL } from '../session/tools.ts';

/** Asked in this order until one may be listed. */
const KINDS = [
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'Event' },
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'v1', kind: 'Namespace' },
];

/** Selects nothing, so that the answer is small whatever the cluster has. */
const SELECTORS = [
  ['fieldSelector', 'metadata.name=nightcrier-proof'],
  ['labelSelector', 'nightcrier/proof=none'],
] as const;

/** `refused`: the API server answers, but refuses each list, with the reason. */
export type Proof = { kind: 'proven' } | { kind: 'refused'; reason: string };

/** What a proof takes of a session. */
export type ListingSession = Pick<McpSession, 'call' | 'takes'>;

/**
 * Proves that the server reaches its API server and may list: a small list through the same server, with its credentials.
 * @param timeout ms for each list
 * @throws ConnectionError when the server or the API server does not answer, or rejects the credentials
 */
export async function proveSight(session: ListingSession, endpoint: string, timeout: number): Promise<Proof> {
  let refusal: ConnectionError | undefined;
  const selector = SELECTORS.find(([parameter]) => session.takes(LIST_RESOURCES_TOOL, parameter));
  for (const kind of selector ? KINDS : KINDS.slice(-1)) {
    const args = { ...kind, ...(selector && { [selector[0]]: selector[1] }) };
    const answer = await session.call(LIST_RESOURCES_TOOL, args, timeout);
    if (!answer.isError) return { kind: 'proven' };
    refusal = listError(endpoint, answer.text);
    if (refusal.code === 'api_unreachable' || refusal.code === 'api_unauthorized') throw refusal;
  }
  return { kind: 'refused', reason: refusal?.message ?? 'nothing can be listed' };
}
