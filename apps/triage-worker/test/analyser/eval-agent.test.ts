import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const RUN = path.join(import.meta.dirname, '../../eval/run.ts');
const CASES = path.join(import.meta.dirname, '../../eval/cases');
const AGENTS = path.join(import.meta.dirname, '../fixtures/agents');

const Output = z.object({
  cases: z.number(),
  right: z.number(),
  results: z.array(z.object({ id: z.string(), verdict: z.string(), confidence: z.number(), title: z.string() })),
});

async function evaluate(agent: string, ...flags: string[]) {
  const words = [RUN, CASES, '--only', 'oom-limit', '--json', '--agent', agent, ...flags];
  const { stdout, stderr, exitCode } = await execa(process.execPath, words, { reject: false });
  return { exitCode, stderr, output: stdout === '' ? undefined : Output.parse(JSON.parse(stdout)) };
}

describe('pnpm eval --agent', () => {
  it('scores the diagnosis that an agent leaves, on the evidence and hypotheses of the case', async () => {
    const { output } = await evaluate('claude', '--script', path.join(AGENTS, 'diagnoses.sh'));
    expect(output).toMatchObject({
      cases: 1,
      right: 1,
      results: [{ id: 'oom-limit', verdict: 'right', confidence: 85, title: 'the memory limit of 96Mi' }],
    });
  });

  it('scores a report without a diagnosis by its words', async () => {
    const { output } = await evaluate('codex', '--script', path.join(AGENTS, 'writes-report.sh'));
    expect(output?.results).toMatchObject([{ verdict: 'wrong', confidence: 80, title: 'Pod cannot start' }]);
  });

  it('counts an agent without a report as no answer, and says why', async () => {
    const { output, stderr } = await evaluate('gemini', '--script', path.join(AGENTS, 'exits-3.sh'));
    expect(output?.results).toMatchObject([{ verdict: 'not_detected' }]);
    expect(stderr).toContain('oom-limit: exit code 3: investigation.md is not there');
  });

  it('refuses an agent that does not exist', async () => {
    const { exitCode, stderr } = await evaluate('oracle');
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^--agent oracle is none of /)]);
  });
});
