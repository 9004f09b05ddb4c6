import { Books } from '@nightcrier/core/incidents/books';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { makeFolder, startSystem } from '../fixtures/running-system.ts';

/** Names that every object of JavaScript has. */
const NAMES = ['constructor', 'toString', 'hasOwnProperty', '__proto__'] as const;
/** A cluster's name begins with a letter. */
const CLUSTERS = NAMES.slice(0, 2);
const patience = { timeout: 60_000, interval: 200 };

test('clusters, labels, models, namespaces, kinds, types and containers may have the names of every object', async () => {
  const folder = await makeFolder();
  const simulated = await Promise.all(CLUSTERS.map((name) => startSimulatedCluster({ name })));
  onTestFinished(async () => {
    await Promise.all(simulated.map((cluster) => cluster.stop()));
  });
  const clusters = await Promise.all(
    simulated.map(async (cluster) => {
      const kubeconfig = path.join(folder, `${cluster.name}.kubeconfig`);
      await writeFile(kubeconfig, cluster.kubeconfig());
      const labels = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' };
      return {
        name: cluster.name,
        labels,
        mcp: { endpoint: cluster.mcpEndpoint },
        triage: { enabled: true, kubeconfig },
      };
    }),
  );
  const prices = Object.fromEntries(CLUSTERS.map((name) => [name, { input: 1, output: 1 }]));
  const system = await startSystem(folder, {
    clusters,
    subscribe_mode: 'both',
    agent_model: 'constructor',
    agent_prices: prices,
  });
  onTestFinished(() => system.dispose());
  await expect.poll(async () => (await system.health()).summary, patience).toMatchObject({ active: CLUSTERS.length });

  for (const cluster of simulated) {
    for (const [at, name] of NAMES.entries()) {
      const next = NAMES[(at + 1) % NAMES.length] ?? name;
      const resource = { apiVersion: 'v1', kind: name, name: next, namespace: name, uid: name };
      const timestamp = new Date().toISOString();
      cluster.emitFault({ faultId: name, faultType: next, severity: 'critical', resource, container: name, timestamp });
      const involvedObject = { ...resource, kind: next };
      cluster.emitEvent({ event: { type: 'Warning', reason: name, message: name, involvedObject, timestamp } });
      cluster.emitFault({
        faultId: `${name}-of-a-pod`,
        faultType: 'CrashLoop',
        severity: 'critical',
        timestamp,
        context: `exit code 1 (${name})`,
        resource: { ...resource, kind: 'Pod', name: `${next}-pod` },
      });
    }
  }
  const { port } = z
    .object({ api: z.object({ port: z.number() }) })
    .parse(parse(await readFile(path.join(folder, 'nightcrier.yaml'), 'utf8'))).api;
  const get = async (route: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${route}`)).text();
  const books = async (): Promise<Books> => Books.parse(JSON.parse(await get('/api/books')));
  const ended = async () => {
    const { total } = await books();
    return {
      received: total.received >= 2 * NAMES.length * CLUSTERS.length,
      unended: total.waiting + total.delayed + total.active,
    };
  };
  await expect.poll(ended, patience).toEqual({ received: true, unended: 0 });

  const { off, clusters: pages } = await books();
  expect(off).toEqual([]);
  expect(new Map(Object.entries(pages)).keys().toArray().toSorted()).toEqual([...CLUSTERS].toSorted());
  // Some of what was sent may have arrived after the books were read.
  const states = async () => new Set((await system.incidents()).map(({ state }) => state));
  await expect.poll(states, patience).toEqual(new Set(['reported']));
  const incidents = await system.incidents();
  const metrics = await get('/metrics');
  for (const name of CLUSTERS) {
    expect(incidents.map(({ cluster_event: { cluster_name } }) => cluster_name)).toContain(name);
    expect(JSON.parse(await get(`/api/incidents?cluster=${name}`))).toMatchObject({
      incidents: { length: expect.any(Number) },
    });
    expect(metrics).toContain(`cluster="${name}"`);
  }
  // What is written as text of a function, or has failed at one.
  const outputs = [
    system.log(),
    metrics,
    JSON.stringify(incidents),
    JSON.stringify((await system.health()).clusters),
  ].join('\n');
  expect(outputs).not.toMatch(/native code|\[object|TypeError|is not a function|unexpectedly/);
}, 300_000);
