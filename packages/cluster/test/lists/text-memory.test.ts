import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import { type ListBatch, ListReader } from '../../src/lists/list-reader.ts';
import { heapMegabytes } from '../mcp/heap.ts';

const MEGABYTE = 1 << 20;
const PODS = 1_500;

/** A pod of some sixteen kilobytes, of which detection reads a few hundred bytes. */
function pod(index: string): object {
  const name = `cart-7d4b9c8f6d-${index}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'a-namespace-of-the-shop',
      uid: `b6a1-4b1f-9d7c-2f0e8c5a7d31-${index}`,
      managedFields: [{ manager: 'kubelet', fieldsV1: { note: `- managed by ${'x'.repeat(8 << 10)}` } }],
      labels: { app: 'a-workload-of-the-shop' },
    },
    spec: { nodeName: `node-of-the-cluster-${index}`, volumes: [{ name: 'y'.repeat(8 << 10) }] },
    status: { phase: 'Running' },
  };
}

test('of a list that is text, what detection reads is kept, and not the text', () => {
  const template = JSON.stringify(dump([pod('INDEX')])).slice(1, -1);
  const batches: ListBatch[] = [];
  const options = { kind: 'pods' as const, isEventStream: false, form: 'text' as const, known: new BigUint64Array(0) };
  const reader = new ListReader(options, (batch) => batches.push(batch));
  const before = heapMegabytes();
  let bytes = 0;
  const feed = (text: string): void => {
    bytes += text.length;
    reader.feed(Buffer.from(text));
  };
  feed('{"jsonrpc":"2.0","id":"1","result":{"content":[{"type":"text","text":"');
  for (let index = 0; index < PODS; index += 1) feed(template.replaceAll('INDEX', String(index)));
  feed('"}]}}');
  expect(reader.end().count).toBe(PODS);
  const objects = batches.flatMap((batch) => batch.objects);
  expect(objects.at(-1)).toMatchObject({
    metadata: { name: `cart-7d4b9c8f6d-${PODS - 1}`, labels: { app: 'a-workload-of-the-shop' } },
    spec: { nodeName: `node-of-the-cluster-${PODS - 1}` },
    status: {},
  });
  expect(bytes).toBeGreaterThan(20 * MEGABYTE);
  const grown = heapMegabytes() - before;
  expect(grown).toBeLessThan(bytes / MEGABYTE / 4);
});
