import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('../src', import.meta.url));
const PRINTS = /(?:console\.(?:log|error)|process\.(?:stdout|stderr)\.write)\(/g;

/** Calls that print what is escaped already, or what no cluster, file or server can choose. */
const OTHERS: Record<string, number> = {
  // Cells are escaped; styles are the program's own.
  'doctor/doctor.ts': 4,
  'commands/routes.ts': 1,
  'commands/books.ts': 2,
  'lists/print-list.ts': 1,
  'lists/repeat.ts': 1,
  // The project's own version, schema and manifests.
  'commands/version.ts': 4,
  'commands/schema.ts': 1,
  'program.ts': 1,
  'cluster-access/manifests.ts': 1,
};

test('whatever a command prints of others has its control characters escaped', async () => {
  const unescaped: Record<string, number> = {};
  for (const file of await readdir(SOURCES, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const source = await readFile(path.join(SOURCES, file), 'utf8');
    for (const { index } of source.matchAll(PRINTS)) {
      const call = source.slice(index, source.indexOf(';\n', index));
      const isLiteral = /\('[^']*'$|\('[^']*'\)$/.test(call);
      if (!isLiteral && !call.includes('escapeControls(')) unescaped[file] = (unescaped[file] ?? 0) + 1;
    }
  }
  const more = Object.entries(unescaped).filter(([file, count]) => count > (OTHERS[file] ?? 0));
  expect(more).toEqual([]);
});

test('titles, links, the clipboard, a cleared screen and reordered text in a file are shown as escapes', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-printed-'));
  try {
    const file = path.join(folder, 'config.yaml');
    const hostile = String.raw`\e]0;title\a\e]8;;http://x\e\\link\e]8;;\e\\\e]52;c;eA==\a\e[2J\u202e\u009b31m`;
    await writeFile(file, `clusters:\n  - name: "${hostile}"\n    "${hostile}": 1\n`);
    const main = path.join(SOURCES, 'main.ts');
    const { all, exitCode } = await execa(process.execPath, [main, 'validate', file], {
      reject: false,
      all: true,
    });
    expect(exitCode).toBe(78);
    expect(all).toContain(String.raw`\u001b]0;title`);
    // oxlint-disable-next-line no-control-regex -- they must not be there
    expect(all).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
