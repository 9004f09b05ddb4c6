import { execa } from 'execa';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readReport } from './read-report.ts';

const REPORT = `# Pod crashes\n\n## Root Cause\n\nThe ConfigMap is missing.\n\n${'Detail. '.repeat(20)}\n`;

let folder: string;
let output: string;
let report: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'report-'));
  output = path.join(folder, 'output');
  report = path.join(output, 'investigation.md');
  await mkdir(output);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('reads a valid report', async () => {
  await writeFile(report, REPORT);
  expect(await readReport(output, 100)).toMatchObject({
    valid: true,
    markdown: REPORT,
    summary: { title: 'Pod crashes', root_cause: 'The ConfigMap is missing.' },
  });
});

it.each([
  ['missing', undefined, 'is not there'],
  ['too short', '# Hm\n\nIt broke.\n', 'has 16 bytes, fewer than report_min_bytes (100)'],
  ['too long', 'x'.repeat(1_000_001), 'has 1000001 bytes, more than the 1000000 of the largest report'],
  ['no UTF-8', Buffer.alloc(200, 0xff), 'is not UTF-8 text'],
  ['blank', ' \n'.repeat(100), 'has no sentence that could be a finding'],
])('refuses a report that is %s', async (_, content, problem) => {
  if (content !== undefined) await writeFile(report, content);
  expect(await readReport(output, 100)).toEqual({ valid: false, problem: `investigation.md ${problem}` });
});

it("does not follow a link to a file of the worker's", async () => {
  await writeFile(path.join(folder, 'secret.md'), REPORT);
  await symlink(path.join(folder, 'secret.md'), report);
  expect(await readReport(output, 100)).toEqual({ valid: false, problem: 'investigation.md is a symbolic link' });
});

it('does not follow a link in the place of the output directory', async () => {
  const elsewhere = path.join(folder, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(path.join(elsewhere, 'investigation.md'), REPORT);
  await rm(output, { recursive: true });
  await symlink(elsewhere, output);
  expect(await readReport(output, 100)).toEqual({ valid: false, problem: 'the output directory is a symbolic link' });
});

it('does not wait for a pipe, nor take a directory', async () => {
  await execa('/usr/bin/mkfifo', [report]);
  expect(await readReport(output, 0)).toEqual({ valid: false, problem: 'investigation.md is not a regular file' });
  await rm(report);
  await mkdir(report);
  expect(await readReport(output, 0)).toMatchObject({ valid: false });
});

const HYPOTHESIS = {
  cause: 'config_map_missing',
  culprit: { kind: 'Deployment', namespace: 'shop', name: 'cart' },
  confidence: 90,
  title: 'The ConfigMap is missing',
  statement: 'It does not exist.',
};

it('reads the diagnosis that stands beside a report, without its evidence', async () => {
  await writeFile(report, REPORT);
  const evidence = [{ command: 'kubectl get configmap', text: 'not found' }];
  const diagnosis = {
    determined: true,
    hypotheses: [
      { ...HYPOTHESIS, evidence },
      { ...HYPOTHESIS, cause: 'magic' },
    ],
  };
  await writeFile(path.join(output, 'diagnosis.json'), JSON.stringify(diagnosis));
  const { statement: _, ...kept } = HYPOTHESIS;
  expect(await readReport(output, 100)).toMatchObject({
    summary: { diagnosis: { version: 1, determined: true, hypotheses: [kept, { ...kept, cause: 'unknown' }] } },
  });
  expect(JSON.stringify(await readReport(output, 100))).not.toContain('kubectl get configmap');
});

it.each([
  ['no JSON', '{'],
  ['of another shape', '{"hypotheses": "all"}'],
  ['too long', `{"determined": true, "hypotheses": [], "x": "${'x'.repeat(300_000)}"}`],
])('takes a report without its diagnosis when that is %s', async (_, content) => {
  await writeFile(report, REPORT);
  await writeFile(path.join(output, 'diagnosis.json'), content);
  const reading = await readReport(output, 100);
  expect(reading).toMatchObject({ valid: true });
  expect(reading).not.toHaveProperty('summary.diagnosis');
});

it('follows no link in place of the diagnosis', async () => {
  await writeFile(report, REPORT);
  const elsewhere = path.join(folder, 'elsewhere.json');
  await writeFile(elsewhere, JSON.stringify({ determined: true, hypotheses: [HYPOTHESIS] }));
  await symlink(elsewhere, path.join(output, 'diagnosis.json'));
  expect(await readReport(output, 100)).not.toHaveProperty('summary.diagnosis');
});
