import path from 'node:path';
import type { Diagnosis } from '@nightcrier/core/diagnosis/diagnosis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCases, readCase } from '../../eval/read/read-cases.ts';
import { runCase } from '../../eval/run/run-case.ts';
import { SimulatedApi } from '../../eval/run/simulated-api.ts';
import { calibrationOf } from '../../eval/score/calibration.ts';
import { judge, type Verdict } from '../../eval/score/judge.ts';
import { CAUSES } from '@nightcrier/core/diagnosis/cause';
import { expectRecommendations } from './recommendations.ts';

const DIRECTORY = path.join(import.meta.dirname, '../../eval/cases');
const IDS = listCases(DIRECTORY);
/** Of the cases of the project; the number may only rise. */
const LEAST = 89;
/** Of the answers printed with at least 80 %, those that are right; of the right ones, those printed so. They may only rise. */
const CALIBRATION = { confident_right: 0.98, right_confident: 0.9 };

let api: SimulatedApi;
const diagnoses: { id: string; diagnosis: Diagnosis; verdict: Verdict; confidence: number }[] = [];
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
    if (diagnosis)
      diagnoses.push({ id, diagnosis, verdict: judge(diagnosis, one.truth), confidence: first?.confidence ?? 0 });
  });

  it('recommend commands that a shell understands, the first of them safe', () => {
    expect(diagnoses).toHaveLength(IDS.length);
    expectRecommendations(diagnoses);
  });

  it('are printed with a confidence that holds', () => {
    const { confident_right, right_confident, wrong_confident } = calibrationOf(diagnoses);
    expect(confident_right).toBeGreaterThanOrEqual(CALIBRATION.confident_right);
    expect(right_confident).toBeGreaterThanOrEqual(CALIBRATION.right_confident);
    expect(wrong_confident).toBe(0);
  });
});
