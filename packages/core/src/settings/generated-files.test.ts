import { expect, test } from 'vitest';
import { configSchema } from './config-schema.ts';
import { exampleConfig } from './example-config.ts';
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
