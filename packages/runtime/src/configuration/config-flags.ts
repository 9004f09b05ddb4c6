import { SETTINGS } from '@nightcrier/core/settings/setting-list';

const FLAGS = SETTINGS.map(({ path, description }) => ({ flag: path.join('-').replaceAll('_', '-'), description }));

/** `--health-port` is the original system's name for the port of the health endpoint. */
const ALIASES: Record<string, string> = { 'health-port': 'api-port' };

/** The options for `parseArgs`: `--config` and one for each setting. */
export const CONFIG_OPTIONS: Record<string, { type: 'string'; short?: string }> = {
  config: { type: 'string', short: 'c' },
  'mcp-endpoint': { type: 'string' },
  ...Object.fromEntries(FLAGS.map((key) => [key.flag, { type: 'string' }])),
  ...Object.fromEntries(Object.keys(ALIASES).map((alias) => [alias, { type: 'string' }])),
};

/** The flags that were given, under their canonical names. */
export function flagsFrom(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const flag = ALIASES[name] ?? name;
      return typeof value === 'string' && flag in CONFIG_OPTIONS ? [[flag, value]] : [];
    }),
  );
}

/** One line for each setting's flag. */
export function flagsHelp(): string {
  const rows = [
    ['config', 'configuration file (default: $NIGHTCRIER_CONFIG, else nightcrier.yaml)'],
    ...FLAGS.map((key) => [key.flag, key.description]),
  ];
  return rows.map(([flag, text]) => `  --${(flag ?? '').padEnd(32)} ${text}`).join('\n');
}
