import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { changeConfig } from '@nightcrier/core/settings/live-settings';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../src/configuration/load-config.ts';
import { reloadConfig } from '../src/reload/reload-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-reload-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(clusters: number, more = ''): Promise<string> {
  const file = path.join(folder, 'nightcrier.yaml');
  const entries = Array.from(
    { length: clusters },
    (_, at) =>
      `  - { name: c${at}, mcp: { endpoint: "http://c${at}/mcp?key=planted-${at}", api_key: planted-secret-${at} }, triage: { enabled: false } }`,
  );
  await writeFile(file, ['clusters:', ...entries, more].join('\n'));
  return file;
}

describe('reloadConfig in a thread', () => {
  test('gives what loading in place gives, with secrets and the names that messages must not repeat', async () => {
    const file = await write(3, 'agent_timeout: 7m');
    const sources = { flags: { config: file, 'log-level': 'warn' }, environment: { NIGHTCRIER_API_PORT: '9' } };
    const inThread = await reloadConfig(sources, file, 0);
    const inPlace = await loadConfig(sources);
    expect(changeConfig(undefined, inPlace.config, inThread.config)).toMatchObject({ applied: [], pending: [] });
    expect(inThread.config.clusters[1]?.mcp?.api_key?.reveal()).toBe('planted-secret-1');
    expect({ ...inThread, config: undefined }).toEqual({ ...inPlace, config: undefined });
  });

  test('remembers secrets of addresses, which only the thread has parsed', async () => {
    const file = await write(1, 'slack_api_url: "http://slack.test/?token=only-in-the-thread"');
    await reloadConfig({ flags: { config: file }, environment: {} }, file, 0);
    expect(hideSecrets('posting to only-in-the-thread failed')).toBe('posting to [secret] failed');
  });

  test('throws the problems with their lines', async () => {
    const file = await write(2, 'agent_timout: 3');
    const reload = reloadConfig({ flags: { config: file }, environment: {} }, file, 0);
    await expect(reload).rejects.toThrow(/1 problem\n.*nightcrier\.yaml:4:1: .*agent_timout/);
  });

  test('counts problems beyond those that are listed as loading in place does', async () => {
    const file = await write(1, Array.from({ length: 60 }, (_, at) => `unknown_${at}: 1`).join('\n'));
    const sources = { flags: { config: file }, environment: {} };
    const errors = await Promise.allSettled([reloadConfig(sources, file, 0), loadConfig(sources)]);
    const [inThread, inPlace] = errors.map((result) => (result.status === 'rejected' ? String(result.reason) : ''));
    expect(inThread).toBe(inPlace);
    expect(inPlace).toMatch(/60 problems\n[^]*\n {2}and 10 more$/);
  });

  test('leaves the event loop free while it loads 10,000 clusters, and unchanged ones stay the same objects', async () => {
    const file = await write(10_000);
    const sources = { flags: { config: file }, environment: {} };
    const { config } = await loadConfig(sources);
    await write(10_001);
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 10);
    const reloaded = await reloadConfig(sources, file);
    const changed = changeConfig('ingester', config, reloaded.config);
    clearInterval(counting);
    // Loading in place is one turn of the loop. How many there are in a second depends on the machine.
    expect(turns).toBeGreaterThan(3);
    expect(changed.applied).toEqual(['clusters']);
    expect(changed.config.clusters).toHaveLength(10_001);
    expect(changed.config.clusters.slice(0, -1).every((cluster, at) => cluster === config.clusters[at])).toBe(true);
  });
});
