import { describe, expect, test } from 'vitest';
import { ClusterConfig } from '../clusters/cluster-config.ts';
import { type Config, Settings } from './config.ts';
import { changeConfig, liveSettings } from './live-settings.ts';
import { otherValue } from '../../test/other-value.ts';
import { SETTINGS, type Setting } from './setting-list.ts';
import { PROCESSES } from './setting-meta.ts';
import { valueAt } from './setting-value.ts';

const clusters = [ClusterConfig.parse({ name: 'west', mcp: { endpoint: 'http://west' } })];
const base: Config = { ...Settings.parse({}), clusters };

/** The defaults, and another value for one setting. */
function changed({ path, ...setting }: Setting): Config {
  const raw = path.reduceRight<unknown>((value, key) => ({ [key]: value }), otherValue({ path, ...setting }));
  return { ...Settings.parse(raw), clusters };
}

describe.each(PROCESSES)('a reload of the %s', (process) => {
  test.each(SETTINGS.filter(({ live, usedBy }) => live && usedBy.includes(process)))('applies $name', (setting) => {
    const next = changed(setting);
    const change = changeConfig(process, base, next);
    expect(change).toMatchObject({ applied: [setting.name], pending: [] });
    expect(valueAt(change.config, setting.path)).toEqual(valueAt(next, setting.path));
    expect(valueAt(change.config, setting.path)).not.toEqual(valueAt(base, setting.path));
  });

  test.each(SETTINGS.filter(({ live, usedBy }) => !live && usedBy.includes(process)))(
    'keeps $name until a restart',
    (setting) => {
      const change = changeConfig(process, base, changed(setting));
      expect(change).toMatchObject({ applied: [], pending: [setting.name] });
      expect(valueAt(change.config, setting.path)).toEqual(valueAt(base, setting.path));
    },
  );

  test('neither applies nor reports what it does not use', () => {
    for (const setting of SETTINGS.filter(({ usedBy }) => !usedBy.includes(process))) {
      expect(changeConfig(process, base, changed(setting))).toMatchObject({ applied: [], pending: [] });
    }
  });

  test('applies other clusters', () => {
    const next = { ...base, clusters: [ClusterConfig.parse({ name: 'east', mcp: { endpoint: 'http://east' } })] };
    expect(changeConfig(process, base, next)).toEqual({ config: next, applied: ['clusters'], pending: [] });
  });
});

test('what needs a restart is a short list', () => {
  const live = new Set(PROCESSES.flatMap(liveSettings));
  expect(SETTINGS.map(({ name }) => name).filter((name) => !live.has(name))).toEqual([
    'cluster_lease',
    'alerts.port',
    'alerts.host',
    'alerts.allow_anonymous',
    'alerts.max_body_bytes',
    'gateway_socket_dir',
    'gateway_socket_volume',
    'data_dir',
    'spool_dir',
    'spool_max_bytes',
    'shutdown_timeout',
    'redis.url',
    'redis.key_prefix',
    'redis.username',
    'redis.password',
    'redis.password_file',
    'redis.tls',
    'redis.ca_file',
    'redis.client_cert_file',
    'redis.client_key_file',
    'redis.server_name',
    'redis.sentinel.name',
    'redis.sentinel.hosts',
    'redis.sentinel.username',
    'redis.sentinel.password',
    'redis.sentinel.password_file',
    'api.host',
    'api.port',
    'api.base_path',
    'api.allow_anonymous',
    'api.tls.cert_file',
    'api.tls.key_file',
    'metrics.port',
    'metrics.host',
  ]);
});

test('a change leaves the former configuration as it was', () => {
  const former = structuredClone({ ...base, clusters: [] });
  const next = { ...Settings.parse({ api: { access_key: 'a-key-of-16-characters' } }), clusters: [] };
  changeConfig('api', former, next);
  expect(former.api.access_key).toBeUndefined();
});
