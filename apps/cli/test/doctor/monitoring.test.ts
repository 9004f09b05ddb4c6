import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answering, findsAndFixes, type Row, SeededSystem } from './seeded.fixture.ts';

let system: SeededSystem;
beforeAll(async () => {
  system = await SeededSystem.start('redis://127.0.0.1:1');
});
afterAll(async () => system[Symbol.asyncDispose]());

const ANSWER = '{"status":"success","data":{"resultType":"vector","result":[]}}';
const monitored = (prometheus_url: string, more: object = {}) => ({ monitoring: { prometheus_url, ...more } });

const ROWS: Row[] = [
  {
    name: 'a Prometheus that does not run',
    check: 'monitoring',
    finds: /is unreachable: connect ECONNREFUSED/,
    fix: /or correct monitoring\.prometheus_url$/,
    seed: async () => ({
      settings: monitored('http://127.0.0.1:1'),
      apply: async () => monitored(await answering(200, ANSWER)),
    }),
  },
  {
    name: 'a Prometheus that refuses the token',
    check: 'monitoring',
    finds: /answered 401: who are you/,
    fix: /^set monitoring\.bearer_token_file/,
    seed: async () => ({
      settings: monitored(await answering(401, 'who are you'), {
        bearer_token_file: await system.file('x'.repeat(20)),
      }),
      apply: async () => monitored(await answering(200, ANSWER)),
    }),
  },
  {
    name: 'a web page in place of an Alertmanager, in the section of a cluster',
    check: 'monitoring',
    finds: /answered with text that is not JSON/,
    fix: /^correct monitoring\.alertmanager_url/,
    seed: async () => {
      const withUrl = async (alertmanager_url: string) => ({
        clusters: [{ ...(await system.entry()), monitoring: { alertmanager_url } }],
      });
      return {
        settings: await withUrl(await answering(200, '<html>')),
        apply: async () => withUrl(await answering(200, '[]')),
      };
    },
  },
];

describe('doctor finds, and its fix is right:', () => {
  it.each(ROWS)('$name', async (row) => {
    expect(await findsAndFixes(system, row)).toEqual([]);
  });

  it('nothing, where monitoring is not used', async () => {
    const { findings } = await system.examine('monitoring', {});
    expect(findings).toMatchObject([{ state: 'skipped' }]);
  });
});
