import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCases, readCase } from '../../eval/read/read-cases.ts';
import { runCase } from '../../eval/run/run-case.ts';
import { SimulatedApi } from '../../eval/run/simulated-api.ts';
import { judge } from '../../eval/score/judge.ts';
import { CAUSES } from '@nightcrier/core/diagnosis/cause';

const DIRECTORY = path.join(import.meta.dirname, '../../eval/cases');
const IDS = listCases(DIRECTORY);
/** Of the cases of the project; the number may only rise. */
const LEAST = 89;

let api: SimulatedApi;
/** The commands that the reports recommend, and the cases that they are of. */
const commands: [command: string, id: string][] = [];
beforeAll(async () => {
  api = await SimulatedApi.start();
});
afterAll(async () => api[Symbol.asyncDispose]());

describe('the cases of the project', () => {
  it('are no fewer than before', () => {
    expect(IDS.length).toBeGreaterThanOrEqual(LEAST);
  });

  it.each(IDS)('the analyser names the cause of %s', async (id) => {
    const one = readCase(DIRECTORY, id);
    const { diagnosis, report } = await runCase(one, api);
    const [first] = diagnosis?.hypotheses ?? [];
    expect(CAUSES).toHaveProperty(one.truth.cause);
    expect(first?.cause).toBe(one.truth.cause);
    expect(judge(diagnosis, one.truth)).toBe('right');
    expect(report).toContain(`# ${first?.title}\n`);
    const advice = /## Recommendations\n([^]*?)\n## /.exec(report ?? '')?.[1] ?? '';
    expect(advice).toMatch(/^\s*1\. \S/);
    for (const [, command = ''] of advice.matchAll(/`(kubectl [^`]+)`/g)) commands.push([command, id]);
  });

  it('every command that they recommend is one that a shell takes, and reads one object for each name', async () => {
    expect(commands.length).toBeGreaterThan(IDS.length / 2);
    const script = commands.map(([command]) => command).join('\n');
    const { exitCode, stderr } = await execa('bash', ['-n'], { input: `${script}\n`, reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    // A namespace and a name in one pair of quotes would be one word.
    expect(commands.filter(([command]) => /'-n |'--/.test(command))).toEqual([]);
  });
});
