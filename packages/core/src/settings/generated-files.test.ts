import { expect, test } from 'vitest';
import { configSchema } from './config-schema.ts';
import { parse } from 'yaml';
import { routingProblems } from '../routing/route-problems.ts';
import { Settings } from './config.ts';
import { EXAMPLE_ROUTES, exampleConfig } from './example-config.ts';
import { ReceiverConfig } from './sections/receivers.ts';
import { SETTINGS } from './setting-list.ts';

// After a change of the settings: pnpm test packages/core/src/settings -u
const CONFIGS = '../../../../configs';

test('the JSON Schema in configs/ is that of the settings', async () => {
  await expect(`${JSON.stringify(configSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    `${CONFIGS}/nightcrier.schema.json`,
  );
});

test('the example in configs/ is that of the settings', async () => {
  await expect(exampleConfig()).toMatchFileSnapshot(`${CONFIGS}/config.example.yaml`);
});

test('the example names every setting', () => {
  const example = exampleConfig();
  expect(SETTINGS.map(({ path }) => path.at(-1) ?? '').filter((key) => !example.includes(`${key}: `))).toEqual([]);
});

test('every setting has a description that is a sentence', () => {
  const badly = SETTINGS.filter(({ description }) => !/^[A-Zb].*[.}]$/.test(description)).map(({ name }) => name);
  expect(badly).toEqual([]);
});

test('the routes and receivers of the example are valid, and use every kind of receiver', () => {
  const yaml = EXAMPLE_ROUTES.slice(EXAMPLE_ROUTES.indexOf('# route:')).replaceAll(/^# ?/gm, '');
  const { route, receivers } = Settings.parse(parse(yaml));
  const names = { receivers: receivers.map(({ name }) => name), hasDefault: false, clusterLabels: new Set(['team']) };
  expect(routingProblems(route, names)).toEqual({ problems: [], warnings: [] });
  const kinds = Object.keys(ReceiverConfig.shape).filter((key) => key.endsWith('_configs'));
  expect(kinds.filter((kind) => !yaml.includes(`${kind}:`))).toEqual([]);
});
