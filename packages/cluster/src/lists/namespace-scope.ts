import { KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import { LIST_RESOURCES_TOOL } from '../mcp/session/tools.ts';
import type { ListSession } from './kind-list.ts';
import { readList } from './read-list.ts';

/** A namespace that need not exist: who may list everywhere may list it too, and finds it empty. */
const ANY_NAMESPACE = 'nightcrier-proof';
const LARGEST_BYTES = 1 << 20;

/** Whether a list of a namespace succeeded, the refusal of the API server, or neither. */
export type ListElsewhere = { kind: 'listed' } | { kind: 'refused'; reason: string } | { kind: 'unknown' };

/**
 * Asks whether an MCP server may list a kind in any namespace. One whose credentials are bound to a namespace answers a list of all
 * namespaces with that of its own, without a sign that the others are missing. The answer is small whatever the cluster has.
 * @throws ConnectionError of the network, or Error for an answer that is no list
 */
export async function listElsewhere(session: ListSession, kind: WatchedKind, timeout: number): Promise<ListElsewhere> {
  const { apiVersion, kind: kindName } = KINDS[kind];
  const args = { apiVersion, kind: kindName, namespace: ANY_NAMESPACE };
  const answer = await session.callStreamed(LIST_RESOURCES_TOOL, args, timeout);
  const reading = { kind, form: 'unknown', known: new BigUint64Array(0) } as const;
  const { problem, notifications } = await readList(answer, reading, LARGEST_BYTES, () => undefined);
  for (const notification of notifications) session.deliver(notification);
  if (problem === undefined) return { kind: 'listed' };
  return /\bforbidden\b/i.test(problem) ? { kind: 'refused', reason: problem } : { kind: 'unknown' };
}
