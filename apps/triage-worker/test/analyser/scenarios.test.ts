import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { scenarioNames } from '@nightcrier/simulator/scenario';
import { describe, expect, it } from 'vitest';
import { runBuiltinAnalyser } from '../../src/analyser/run-builtin-analyser.ts';
import { collectEvidence } from '../../src/evidence/collect/collect-evidence.ts';
import type { EvidenceIndexEntry } from '../../src/evidence/evidence-index.ts';
import { writeEvidence } from '../../src/evidence/write-evidence.ts';
import { breakCluster, READER_WITHOUT_LOGS, type Broken } from './scenario-evidence.ts';

/** What a report on each scenario has to say, and how sure it may be. */
const EXPECTED: Record<string, { cause: string; rootCause: RegExp; atLeast: number }> = {
  'crash-loop-back-off': {
    cause: 'scaled_to_zero',
    rootCause: /StatefulSet `checkout-db` behind the Service .* scaled to 0 replicas.*`checkout` depends on it/,
    atLeast: 85,
  },
  'deployment-stuck': {
    cause: 'quota_memory',
    rootCause: /ResourceQuota `compute` .* is used up.*requests\.memory=3584Mi/,
    atLeast: 85,
  },
  'failed-job': {
    cause: 'db_permission',
    rootCause: /database user lacks a permission.*permission denied for table invoices/,
    atLeast: 80,
  },
  'failing-probe': {
    cause: 'liveness_failing',
    rootCause: /liveness probe \(`GET .*\/healthz`\) fails.*cannot open stock index \/data\/stock\.idx/,
    atLeast: 75,
  },
  'image-pull-back-off': {
    cause: 'image_not_found',
    rootCause: /recommendations:2\.41\.0-rc9`.*does not exist/,
    atLeast: 85,
  },
  'missing-config-map': {
    cause: 'config_map_missing',
    rootCause: /ConfigMap pricing-rules does not exist/,
    atLeast: 85,
  },
  'node-not-ready': { cause: 'kubelet_down', rootCause: /kubelet stopped posting its status/, atLeast: 85 },
  'oom-killed': { cause: 'oom_limit', rootCause: /more memory than its limit of `128Mi`.*OOMKilled/, atLeast: 85 },
  'unschedulable-pod': { cause: 'insufficient_memory', rootCause: /requests `app: 64Gi`.*7843048Ki/, atLeast: 85 },
};

async function investigate(broken: Broken, token?: string) {
  await using kubernetes = await broken.open(token);
  const { fault, folder } = broken;
  const evidence = await collectEvidence({ kubernetes, fault });
  writeEvidence(evidence, path.join(folder, 'evidence'));
  const clusterEvent = {
    cluster_name: 'alpha',
    labels: {},
    event: fault,
    source: 'subscription',
    received_at: '',
  } as const;
  const outputDirectory = path.join(folder, 'output');
  const diagnosis = runBuiltinAnalyser({ evidence, clusterEvent, outputDirectory });
  const markdown = await readFile(path.join(outputDirectory, 'investigation.md'), 'utf8');
  const index: EvidenceIndexEntry[] = JSON.parse(await readFile(path.join(folder, 'evidence/index.json'), 'utf8'));
  return { evidence, diagnosis, markdown, index };
}

describe('the built-in analyser', () => {
  it('is tried on every scenario of the simulator', () => {
    expect(Object.keys(EXPECTED)).toEqual(expect.arrayContaining([...scenarioNames]));
  });

  it.each(Object.entries(EXPECTED))('names the real cause of %s with a read-only token', async (scenario, expected) => {
    await using broken = await breakCluster(scenario);
    const { diagnosis, markdown, index } = await investigate(broken);
    const [first] = diagnosis.hypotheses;
    expect(first?.cause).toBe(expected.cause);
    expect(first?.statement).toMatch(expected.rootCause);
    expect(diagnosis.determined).toBe(true);
    expect(first?.confidence).toBeGreaterThanOrEqual(expected.atLeast);
    expect(markdown).toContain(`# ${first?.title}\n`);
    expect(index.filter(({ error }) => error !== undefined)).toEqual([]);

    const requests = broken.cluster.kubernetesRequests;
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(requests.filter(({ path }) => path.includes('secrets'))).toEqual([]);
    // Nothing is asked for twice.
    expect(requests.map(({ path }) => path)).toEqual([...new Set(requests.map(({ path }) => path))]);
  });

  it('still reports without the right to read logs, less sure, and names what it could not read', async () => {
    await using broken = await breakCluster('failed-job');
    const { diagnosis, markdown, index } = await investigate(broken, READER_WITHOUT_LOGS);
    expect(diagnosis.determined).toBe(false);
    expect(markdown).toContain('## Root Cause');
    expect(markdown).toMatch(
      /`kubectl logs -n billing nightly-reconcile-\S+ -c reconcile --tail=200`: not read \(forbidden\): /,
    );
    expect(index.filter(({ file }) => file === undefined)).toContainEqual(
      expect.objectContaining({
        command: expect.stringContaining('kubectl logs'),
        error: expect.stringContaining('403'),
      }),
    );
  });

  it('reads the existence of a ConfigMap and nothing of its content', async () => {
    await using broken = await breakCluster('missing-config-map');
    const { evidence, index } = await investigate(broken);
    expect(evidence.pieces.filter(({ type }) => type === 'existence')).toMatchObject([
      { name: 'pricing-rules', exists: false },
    ]);
    const file = index.find(({ command }) => command.includes('configmap'))?.file ?? '';
    expect(await readFile(path.join(broken.folder, 'evidence', file), 'utf8')).toBe(
      'configmap shop/pricing-rules does not exist\n',
    );
  });

  it('still has the events to go by when the resource is gone', async () => {
    await using broken = await breakCluster('oom-killed');
    const gone = { ...broken, fault: { ...broken.fault, resource: { ...broken.fault.resource, name: 'gone-1' } } };
    const { diagnosis, markdown } = await investigate(gone);
    expect(diagnosis.determined).toBe(false);
    expect(markdown).toMatch(/^# Not determined: /);
    expect(markdown).toContain('no longer exists');
  });
});
