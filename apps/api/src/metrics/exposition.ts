import { setImmediate as otherWork } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Series } from './series.ts';

/**
 * Writes the metrics of registries, and series, in the text format, one metric after the other. Between two of them the event loop runs
 * other work, since the metrics of thousands of clusters have megabytes.
 */
export async function exposition(registries: readonly Registry[], series: readonly Series[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (const registry of registries) {
    for (const { name } of registry.getMetricsAsArray()) {
      chunks.push(Buffer.from(`${await registry.getSingleMetricAsString(name)}\n\n`));
      await otherWork();
    }
  }
  for (const one of series) {
    chunks.push(Buffer.from(one.text()));
    await otherWork();
  }
  return Buffer.concat(chunks);
}

/** Clusters whose counts are set before the event loop runs other work. */
const CLUSTERS_AT_ONCE = 500;

/** Calls `visit` for each item; the event loop runs other work in between. */
export async function forEachOf<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    visit(item);
    count += 1;
    if (count % CLUSTERS_AT_ONCE === 0) await otherWork();
  }
}
