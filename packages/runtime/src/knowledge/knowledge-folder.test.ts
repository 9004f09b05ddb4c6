import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KnowledgeFolder } from './knowledge-folder.ts';
import { parseArticle } from './parse-article.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'knowledge-'));
});
afterEach(async () => rm(folder, { recursive: true }));

const article = (title: string) => `---\ntitle: ${title}\nmatchers: namespace=shop\n---\nText.\n`;

test('reads Markdown files below the folder, and neither README.md nor hidden ones', async () => {
  await mkdir(path.join(folder, 'shop'));
  await mkdir(path.join(folder, '..data'));
  await writeFile(path.join(folder, 'shop/db.md'), article('Database'));
  await writeFile(path.join(folder, '..data/mounted.md'), article('Mounted'));
  await symlink('..data/mounted.md', path.join(folder, 'mounted.md'));
  await writeFile(path.join(folder, 'README.md'), 'How to write articles.');
  await writeFile(path.join(folder, 'notes.txt'), 'x');
  const { articles, problems } = await new KnowledgeFolder().read(folder);
  expect(problems).toEqual([]);
  expect(articles.map(({ file, title, body }) => [file, title, body])).toEqual([
    ['mounted.md', 'Mounted', 'Text.'],
    ['shop/db.md', 'Database', 'Text.'],
  ]);
});

test('a file with a problem does not hide the others, and changed files are read again', async () => {
  const knowledge = new KnowledgeFolder();
  const bad = path.join(folder, 'bad.md');
  await writeFile(path.join(folder, 'good.md'), article('Good'));
  await writeFile(bad, '# No front matter\n');
  const first = await knowledge.read(folder);
  expect(first.articles.map(({ title }) => title)).toEqual(['Good']);
  expect(first.problems).toEqual([`${bad}:1:1: has no front matter: the first line must be ---`]);
  await writeFile(bad, article('Repaired'));
  await utimes(bad, 1, 1);
  await rm(path.join(folder, 'good.md'));
  const second = await knowledge.read(folder);
  expect(second).toMatchObject({ articles: [{ title: 'Repaired' }], problems: [] });
});

test('names files that are too long or not UTF-8', async () => {
  await writeFile(path.join(folder, 'binary.md'), Buffer.from([0xff, 0xfe, 0x00]));
  await writeFile(path.join(folder, 'long.md'), 'x'.repeat(300_000));
  expect((await new KnowledgeFolder().read(folder)).problems).toEqual([
    `${folder}/binary.md:1:1: cannot be read: it is not UTF-8 text`,
    `${folder}/long.md:1:1: has 300000 bytes, more than the 262144 of the largest article`,
  ]);
});

test('a folder that is missing holds no articles', async () => {
  expect(await new KnowledgeFolder().read(path.join(folder, 'none'))).toEqual({ articles: [], problems: [] });
});

test.each([
  ['---\nmatchers: namespace=shop\n', ['x.md:1:1: the front matter does not end: a line --- is missing']],
  ['---\n---\nText', [expect.stringMatching(/^x\.md:\d+:1: has neither matchers nor causes/)]],
  [
    '---\nmatchers: [namespace=shop, "x="]\n---\n',
    [expect.stringMatching(/^x\.md:2:28: matchers: "x=", character 3: expected a value/)],
  ],
  [
    '---\nmatchers: namspace=shop\n---\n',
    ['x.md:2:1: matchers: an incident has no label "namspace"; did you mean namespace?'],
  ],
  ['---\nmatchers: colour=red\n---\n', [expect.stringMatching(/known labels: cluster, .*labels\.NAME/)]],
  [
    '---\nmatchers: cause=oom_limt\n---\n',
    [expect.stringMatching(/there is no cause "oom_limt"; did you mean oom_limit\?/)],
  ],
  [
    '---\ncauses:\n  - oom_limit\n  - db_conections\n---\n',
    [expect.stringMatching(/^x\.md:4:5: .*did you mean db_connections\?/)],
  ],
  ['---\ncauses: [oom_limit]\nlinks: ["javascript:alert(1)"]\n---\n', [expect.stringMatching(/^x\.md:3:9: links\.0/)]],
  ['---\ncauses: [oom_limit]\nowner: me\n---\n', [expect.stringMatching(/^x\.md:3:1: .*owner/)]],
  ['---\ncauses: [oom_limit\n---\n', [expect.stringMatching(/^x\.md:\d+:\d+: /)]],
])('names the line of the problem in %j', (text, problems) => {
  expect(parseArticle('x.md', text)).toEqual({ problems });
});

test('takes the title from the first heading, and links with or without a title', () => {
  const text =
    '---\r\ncauses: [oom_limit]\r\nlinks:\r\n  - https://a.example\r\n  - {title: B, url: https://b.example}\r\n---\r\n# Memory\r\n\r\nText';
  expect(parseArticle('x.md', text)).toMatchObject({
    article: {
      title: 'Memory',
      causes: ['oom_limit'],
      links: [
        { title: 'https://a.example', url: 'https://a.example' },
        { title: 'B', url: 'https://b.example' },
      ],
    },
  });
});
