import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');
const files = globSync('**/*.md', { cwd: ROOT, exclude: ['**/node_modules', '**/.nightcrier', 'coverage'] });

/** Returns the anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Returns the relative links of a page that lead nowhere. */
function brokenLinks(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(/\]\((?!\w+:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
    const [target = '', anchor] = link.split('#');
    const absolute = target === '' ? path.join(ROOT, file) : path.resolve(ROOT, path.dirname(file), target);
    if (!existsSync(absolute)) return [link];
    const isMissing = anchor !== undefined && !anchorsOf(readFileSync(absolute, 'utf8')).includes(anchor);
    return isMissing ? [link] : [];
  });
}

test.each(files)('the links in %s lead somewhere', (file) => {
  expect(brokenLinks(file)).toEqual([]);
});
