import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { FormChanged, type ListBatch, type ListForm, ListReader } from './list-reader.ts';

const MESSAGE = 'a "quoted" \\ path\\n, ünicode, { [ braces\n- a line that looks like an item\n: and a key\n';
const events = ['a', 'b', 'c'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: 'shop', annotations: { note: '"items":[{"metadata":{}}]' } },
  involvedObject: { kind: 'Pod', name: 'cart' },
  reason: 'BackOff',
  message: MESSAGE,
  type: 'Warning',
}));
const yaml = dump(events);

function answer(result: object, more: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 'list-1', result, ...more });
}
const text = (value: string): object[] => [{ type: 'text', text: value }];
const structured = answer({ content: text(yaml), structuredContent: { items: events } });
const textOnly = answer({ content: text(`# The following resources were found:\n${yaml}`) });

interface Options {
  form?: ListForm;
  isEventStream?: boolean;
  known?: bigint[];
  size?: number;
}

/** Reads an answer in pieces of a size. */
function read(body: string, { form = 'unknown', isEventStream = false, known = [], size = 1 << 16 }: Options = {}) {
  const batches: ListBatch[] = [];
  const options = { kind: 'events' as const, isEventStream, form, known: BigUint64Array.from(known) };
  const reader = new ListReader(options, (batch) => batches.push(batch));
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += size) reader.feed(bytes.subarray(at, at + size));
  for (const _ of reader.heldText());
  const summary = reader.end();
  return {
    summary,
    objects: batches.flatMap(({ objects }) => objects),
    digests: batches.flatMap(({ digests }) => digests),
    same: batches.flatMap(({ same }) => same),
  };
}

const namesAndMessages = (objects: object[]) =>
  objects.map((object) => [Reflect.get(Reflect.get(object, 'metadata'), 'name'), Reflect.get(object, 'message')]);
const wanted = events.map(({ metadata, message }) => [metadata.name, message]);

describe.each([
  ['structured content', structured, 'structured'],
  ['YAML text', textOnly, 'text'],
] as const)('an answer of %s', (_, body, form) => {
  test.each([1, 2, 3, 5, 64, 1 << 16])('is read in pieces of %i bytes', (size) => {
    for (const isEventStream of [false, true]) {
      const sent = isEventStream ? `event: message\ndata: ${body}\n\n` : body;
      for (const assumed of ['unknown', form] as const) {
        const { objects, summary } = read(sent, { form: assumed, isEventStream, size });
        expect(namesAndMessages(objects)).toEqual(wanted);
        expect(summary).toMatchObject({ form, count: 3, strange: 0 });
      }
    }
  });

  test('tells objects that have not changed by their digests', () => {
    const { digests } = read(body);
    const again = read(body, { known: [1n, ...digests.slice(1)] });
    expect(again.same).toEqual([1, 2]);
    expect(namesAndMessages(again.objects)).toEqual(wanted.slice(0, 1));
  });

  test('that ends too early is no list', () => {
    for (const end of [10, body.length >> 1, body.length - 1]) {
      expect(() => read(body.slice(0, end))).toThrow('not a whole JSON-RPC message');
    }
  });
});

test.each(['# No resources found', '[]\n'])('%j is a list without objects', (nothing) => {
  for (const form of ['unknown', 'text', 'structured'] as const) {
    expect(read(answer({ content: text(nothing) }), { form }).summary).toMatchObject({ count: 0 });
  }
});

test.each([
  ['an object with items', `apiVersion: v1\nitems:\n${yaml}kind: EventList\n`],
  ['an object with indented items', `items:\n${yaml.replaceAll(/^(?=.)/gm, '  ')}`],
])('reads YAML of %s', (_, list) => {
  for (const size of [1, 100]) {
    expect(namesAndMessages(read(answer({ content: text(list) }), { size }).objects)).toEqual(wanted);
  }
});

test('structured content without items is a list without objects', () => {
  for (const items of [[], null]) {
    const { summary } = read(answer({ content: text(''), structuredContent: { items } }));
    expect(summary).toMatchObject({ count: 0 });
  }
});

test('a tool that fails says why', () => {
  const failed = answer({ content: text('failed to list resources: pods is forbidden'), isError: true });
  expect(read(failed).summary.problem).toBe('failed to list resources: pods is forbidden');
  const refused = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32_602, message: 'unknown tool' } });
  expect(read(refused).summary.problem).toBe('unknown tool');
});

test('tables are no objects, as text and as rows', () => {
  const rows = { items: [{ Name: 'cart', Age: '3m' }] };
  for (const body of [
    answer({ content: text('') }),
    answer({ content: text('NAME AGE\ncart 3m\n') }),
    answer({ content: [], structuredContent: rows }),
  ])
    expect(() => read(body)).toThrow('--list-output yaml');
});

test('a server that has come to write text alone is noticed', () => {
  const long = dump(
    Array.from({ length: 300 }, () => events[0]),
    { noRefs: true },
  );
  expect(() => read(answer({ content: text(long) }), { form: 'structured' })).toThrow(FormChanged);
});

test('notifications that come with the answer are collected', () => {
  const notification = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info' } });
  const { objects, summary } = read(`data: ${notification}\n\nevent: message\ndata: ${structured}\n\n`, {
    isEventStream: true,
    size: 3,
  });
  expect(summary.notifications).toEqual([notification]);
  expect(objects).toHaveLength(3);
});

describe('a long answer of a server whose form is not known yet', () => {
  const many = Array.from({ length: 3_000 }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `event-${index}`, namespace: 'shop' },
    involvedObject: { kind: 'Pod', name: 'cart' },
    reason: 'BackOff',
    message: `${index} ${'x'.repeat(1_000)}`,
    type: 'Warning',
  }));
  const longText = dump(many, { lineWidth: -1, noRefs: true });

  test('is read as text while it comes: no more than a megabyte is held back', () => {
    let count = 0;
    const options = { kind: 'events' as const, isEventStream: false, form: 'unknown' as const };
    const reader = new ListReader({ ...options, known: new BigUint64Array(0) }, ({ objects }) => {
      count += objects.length;
    });
    const bytes = Buffer.from(answer({ content: text(longText) }));
    for (let at = 0; at < bytes.length; at += 1 << 15) reader.feed(bytes.subarray(at, at + (1 << 15)));
    expect(count).toBeGreaterThan(many.length / 2);
    for (const _ of reader.heldText());
    expect(reader.end()).toMatchObject({ form: 'text', count: many.length });
    expect(count).toBe(many.length);
  });

  test('counts once when the same follows as structured content, which is what is read from then on', () => {
    const { objects, summary } = read(answer({ content: text(longText), structuredContent: { items: many } }), {
      size: 1 << 15,
    });
    expect(objects).toHaveLength(many.length);
    expect(summary).toMatchObject({ form: 'structured', count: many.length });
  });
});

test.each(['metadata', undefined])('what the next page is asked for with is found (%s)', (parent) => {
  const next = 'eyJ2IjoibWV0YS5rOHMuaW8vdjEi"\\n';
  const page = { items: events, ...(parent === undefined ? { continue: next } : { [parent]: { continue: next } }) };
  for (const size of [1, 7, 1 << 16]) {
    expect(read(answer({ content: text(yaml), structuredContent: page }), { size }).summary.continue).toBe(next);
  }
  expect(read(structured).summary.continue).toBeUndefined();
});

test('an object that is too large as YAML is counted and left out, without the parts of objects that are not read', () => {
  const [first, second, third] = ['a', 'b', 'c'].map((name) => ({
    ...events[0],
    metadata: { name, namespace: 'shop' },
  }));
  const manifest = JSON.stringify({ spec: 'x'.repeat(400_000) });
  const annotated = {
    ...first,
    metadata: {
      name: 'a',
      namespace: 'shop',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `${manifest}\n`, note: 'kept' },
      managedFields: Array.from({ length: 20_000 }, (_, at) => ({ manager: `m${at}` })),
    },
  };
  const large = { ...second, note: Array.from({ length: 40_000 }, (_, at) => at) };
  const { summary, objects } = read(
    answer({ content: text(dump([annotated, large, third], { lineWidth: -1, noRefs: true })) }),
  );
  expect(namesAndMessages(objects).map(([name]) => name)).toEqual(['a', 'c']);
  expect(summary).toMatchObject({ strange: 1, count: 3 });
});
