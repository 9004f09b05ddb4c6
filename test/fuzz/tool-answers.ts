import { FormChanged, type ListForm, ListReader, type ListSummary } from '@nightcrier/cluster/lists/list-reader';
import {
  resourceOf,
  resourcesOf,
  subscribedOf,
  subscriptionState,
  ToolList,
  ToolResult,
} from '@nightcrier/cluster/mcp/session/tools';
import { isDeepStrictEqual } from 'node:util';
import { array, type Arbitrary, boolean, constantFrom, integer, oneof, record, string } from 'fast-check';
import { jsonValue, pieces, target, texts } from './inputs.ts';

const KEYS = [
  'jsonrpc',
  'id',
  'result',
  'error',
  'content',
  'type',
  'text',
  'structuredContent',
  'isError',
  'items',
  'metadata',
  'name',
  'namespace',
  'uid',
  'continue',
  'status',
  'spec',
  'kind',
  'apiVersion',
];
const YAML_PARTS = [
  '- apiVersion: v1\n',
  '  kind: Pod\n',
  '  metadata:\n',
  '    name: a\n',
  '  status:\n    phase: Running\n',
  '- ',
  '  ',
  '\n',
  '&a ',
  '*a',
  '|\n',
  '{}',
  '[',
  '# No resources found',
  '"',
];

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'b', uid: 'c' } };
const items = array(oneof(jsonValue(...KEYS), constantFrom<unknown>(POD)), { maxLength: 6 });
const yaml = pieces(YAML_PARTS);

/** Answers of `resources_list`: of a server with structured content, of one that writes text, and others. */
const result: Arbitrary<unknown> = oneof(
  items.map((all) => ({ structuredContent: { items: all, metadata: { continue: 'x' } }, content: [] })),
  items.map((all) => ({ content: [{ type: 'text', text: JSON.stringify(all) }] })),
  yaml.map((text) => ({ content: [{ type: 'text', text }] })),
  record({ items, yaml }).map(({ items: all, yaml: text }) => ({
    content: [{ type: 'text', text }],
    structuredContent: { items: all },
  })),
  jsonValue(...KEYS),
);

/** Errors that say that an answer is no list; all others are mistakes of the reader. */
const MISTAKES = [TypeError, RangeError, ReferenceError];

type Reading = (Pick<ListSummary, 'count' | 'strange' | 'problem'> & { names: string[] }) | string;

/** Reads an answer as it comes, in pieces of a size. */
function readList(bytes: Buffer, size: number, isEventStream: boolean, form: ListForm): Reading {
  const names: string[] = [];
  const reader = new ListReader({ kind: 'pods', isEventStream, form, known: new BigUint64Array() }, ({ objects }) =>
    names.push(...objects.map(({ metadata }) => metadata.name)),
  );
  try {
    for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
    for (const _ of reader.heldText()) continue;
    const { count, strange, problem } = reader.end();
    return { count, strange, ...(problem !== undefined && { problem }), names };
  } catch (error) {
    if (MISTAKES.some((mistake) => error instanceof mistake)) throw error;
    return error instanceof FormChanged ? 'another form' : 'no list';
  }
}

export const TOOL_ANSWERS = {
  'list of a server': target(
    record({
      answer: oneof(
        result.map((value) => JSON.stringify({ jsonrpc: '2.0', id: 1, result: value })),
        jsonValue(...KEYS).map((value) => JSON.stringify(value)),
        texts,
      ),
      size: integer({ min: 1, max: 200 }),
      isEventStream: boolean(),
      form: constantFrom<ListForm>('unknown', 'structured', 'text'),
      cut: integer({ min: 0, max: 30 }),
    }),
    ({ answer, size, isEventStream, form, cut }) => {
      const whole = Buffer.from(isEventStream ? `event: message\ndata: ${answer}\n\n` : answer);
      const bytes = cut > 20 ? whole.subarray(0, whole.length - cut) : whole;
      const atOnce = readList(bytes, Math.max(1, bytes.length), isEventStream, form);
      const inPieces = readList(bytes, size, isEventStream, form);
      if (!isDeepStrictEqual(atOnce, inPieces))
        throw new Error(`in pieces of ${size}: ${JSON.stringify(inPieces)}, at once: ${JSON.stringify(atOnce)}`);
    },
  ),
  'answer of a tool': target(
    record({
      text: oneof(
        yaml,
        texts,
        jsonValue('subscriptionId', 'subscriptions', 'cluster', 'degraded').map((value) => JSON.stringify(value)),
      ),
      structured: oneof(
        items.map((all) => ({ items: all })),
        jsonValue(...KEYS),
      ),
      isError: boolean(),
      id: string({ maxLength: 20 }),
    }),
    ({ id, ...answer }) => {
      resourceOf(answer);
      subscribedOf(answer);
      subscriptionState(answer, id);
      try {
        resourcesOf(answer);
      } catch (error) {
        if (MISTAKES.some((mistake) => error instanceof mistake)) throw error;
      }
    },
  ),
  'result of a call': target(jsonValue('tools', 'nextCursor', 'inputSchema', 'properties', ...KEYS), (value) => {
    ToolResult.safeParse(value);
    ToolList.safeParse(value);
  }),
};
