import { execa } from 'execa';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');

test('the end of the log of CI names each failure with its reason, also of hooks and imports', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'ci-reporter-'));
  const file = path.join(folder, 'results');
  const reporter = path.join(ROOT, 'checks/ci-reporter.ts');
  const { exitCode } = await execa(
    'vitest',
    ['run', '--root', path.join(import.meta.dirname, 'failing'), `--reporter=${reporter}`],
    { cwd: ROOT, preferLocal: true, reject: false, env: { CI_RESULTS: file } },
  );
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n').toSorted();
  await rm(folder, { recursive: true });
  expect(exitCode).toBe(1);
  expect(lines).toEqual([
    '',
    '1 passed, 5 failed',
    expect.stringMatching(/^failed: hooks\.spec\.ts \(hook or import\): cannot clean up$/),
    expect.stringMatching(
      /^failed: hooks\.spec\.ts > a group \(hook or import\): Command failed: docker build .{300,400}no space left on device$/,
    ),
    expect.stringMatching(/^failed: hooks\.spec\.ts > is wrong: expected \{ a: 1 \} to deeply equal \{ a: 2 \}$/),
    expect.stringMatching(/^failed: missing-import\.spec\.ts \(hook or import\): .*missing\.ts/),
    expect.stringMatching(/^skipped: hooks\.spec\.ts > a group > cannot run$/),
  ]);
});
