import { Counter, Gauge, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { exposition } from './exposition.ts';
import { labelText, Series } from './series.ts';

const HOSTILE = 'a"b\\c\nd';
const VALUES = [0, 1.5, 1e21, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

test('series are written as prom-client writes them, whatever their labels and values are', async () => {
  const registry = new Registry();
  const gauge = new Gauge({ name: 'g', help: 'A gauge', labelNames: ['cluster', 'state'], registers: [registry] });
  const counter = new Counter({ name: 'c_total', help: 'A counter', registers: [registry] });
  const series = new Series({ name: 'g', help: 'A gauge', type: 'gauge' });
  const total = new Series({ name: 'c_total', help: 'A counter', type: 'counter' });
  for (const [at, value] of VALUES.entries()) {
    gauge.set({ cluster: HOSTILE, state: `s${at}` }, value);
    series.add(labelText('state', `s${at}`, labelText('cluster', HOSTILE)), value);
  }
  counter.inc(7);
  total.add('', 7);
  const text = async (registries: Registry[], own: Series[]): Promise<string> =>
    (await exposition(registries, own)).toString();
  expect(await text([], [series, total])).toBe(await text([registry], []));
});
