import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { silentLogger } from '@nightcrier/core/logger';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ConfigWatcher, type Refusal } from '../src/configuration/config-watcher.ts';
import { loadConfig } from '../src/configuration/load-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-reload-'));
});
afterEach(() => rm(folder, { recursive: true }));

const content = (names: string[], more = ''): string =>
  [
    'clusters:',
    ...names.map((name) => `  - { name: ${name}, mcp: { endpoint: "http://${name}", api_key: one } }`),
    more,
  ].join('\n');

/** In one step, so that nobody reads half a file. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** A watcher of a file, and what it had to say. */
async function watch(file: string) {
  const load = () => loadConfig({ flags: { config: file }, environment: {} });
  const applied: Config[] = [];
  const refused: Refusal[] = [];
  const lines: { message: string; fields: object }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields });
  const logger: Logger = { ...silentLogger, info: note, warn: note, error: note };
  const watcher = new ConfigWatcher({
    process: 'ingester',
    loaded: await load(),
    load,
    logger,
    interval: 20,
    settle: 20,
  });
  onTestFinished(() => watcher.close());
  const follow = (): void =>
    watcher.follow({
      apply: (config) => applied.push(config),
      refuse: (refusal) => refused.push(refusal),
    });
  const clusters = () => applied.map((config) => config.clusters.map(({ name }) => name));
  return { applied, refused, lines, clusters, follow };
}

const within = { timeout: 60_000, interval: 10 };

describe('ConfigWatcher', () => {
  test('reloads a file that is written in place', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content(['a']));
    const { clusters, follow } = await watch(file);
    follow();
    await writeFile(file, content(['a', 'b']));
    await expect.poll(clusters, within).toEqual([['a', 'b']]);
  });

  test('reloads a file that is replaced by another, as editors do, again and again', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content(['a']));
    const { clusters, follow } = await watch(file);
    follow();
    for (const names of [['b'], ['c', 'd']]) {
      await replace(file, content(names));
      await expect.poll(() => clusters().at(-1), within).toEqual(names);
    }
  });

  test('reloads a file behind a symlink that is swapped, as Kubernetes does with a ConfigMap', async () => {
    const revision = async (name: string, clusters: string[]): Promise<void> => {
      await mkdir(path.join(folder, name));
      await writeFile(path.join(folder, name, 'nightcrier.yaml'), content(clusters));
      await symlink(name, path.join(folder, '..data_tmp'));
      await rename(path.join(folder, '..data_tmp'), path.join(folder, '..data'));
    };
    await revision('..first', ['a']);
    const file = path.join(folder, 'nightcrier.yaml');
    await symlink('..data/nightcrier.yaml', file);
    const { clusters, follow } = await watch(file);
    follow();
    await revision('..second', ['a', 'b']);
    await rm(path.join(folder, '..first'), { recursive: true });
    await expect.poll(clusters, within).toEqual([['a', 'b']]);
  });

  test('refuses a file with problems, says since when, and takes it when it is put right', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content(['a']));
    const { applied, refused, lines, follow } = await watch(file);
    follow();
    await replace(file, content(['a', 'a']));
    await expect.poll(() => refused, within).toHaveLength(1);
    expect(refused[0]).toMatchObject({
      error: expect.stringContaining('nightcrier.yaml: 1 problem'),
      problems: [expect.stringMatching(/nightcrier\.yaml:3:\d+: duplicate cluster name: a/)],
    });
    expect(lines).toContainEqual({
      message: 'configuration refused; the former one stays in use',
      fields: refused[0],
    });
    await replace(file, 'clusters: [');
    await expect.poll(() => refused, within).toHaveLength(2);
    expect(refused[1]?.since).toBe(refused[0]?.since);
    expect(applied).toEqual([]);
    await replace(file, content(['a']));
    await expect.poll(() => applied, within).toHaveLength(1);
  });

  test('applies another secret, and names the settings of the process that need a restart', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content(['a']));
    const { applied, lines, follow } = await watch(file);
    follow();
    const changed = content(['a'], 'spool_max_bytes: 2000000\nmax_attempts: 7\nseverity_threshold: info').replace(
      'api_key: one',
      'api_key: two',
    );
    await replace(file, changed);
    await expect.poll(() => applied, within).toHaveLength(1);
    expect(applied[0]?.clusters[0]?.mcp?.api_key?.reveal()).toBe('two');
    expect(applied[0]).toMatchObject({ spool_max_bytes: 1_073_741_824, severity_threshold: 'info' });
    const named = (message: string) => lines.find((line) => line.message === message)?.fields;
    expect(named('changed settings need a restart')).toMatchObject({ settings: ['spool_max_bytes'] });
    expect(named('configuration reloaded')).toMatchObject({ settings: ['clusters', 'severity_threshold'] });
  });

  test('a change that comes before the app has started waits for it', async () => {
    const file = path.join(folder, 'nightcrier.yaml');
    await writeFile(file, content(['a']));
    const { clusters, follow } = await watch(file);
    process.emit('SIGHUP');
    await replace(file, content(['b']));
    follow();
    await expect.poll(clusters, within).toEqual([['b']]);
  });
});
