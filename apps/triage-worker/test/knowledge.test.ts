import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { harness } from './file-harness.ts';

const article = (title: string, front: string, body = 'What the team knows.') =>
  `---\ntitle: ${title}\n${front}\n---\n${body}\n`;

async function writeArticles(articles: Record<string, string>): Promise<string> {
  const folder = path.join(harness.folder, 'knowledge');
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(articles)) await writeFile(path.join(folder, file), text);
  return folder;
}

it('puts the articles that match into the prompt, links them in the report, and follows changes of the folder', async () => {
  const knowledge_dir = await writeArticles({
    'images.md': article(
      'Images of [shop]',
      'matchers: cluster=alpha, labels.team=shop\ncauses: [image_not_found]\nlinks: ["https://wiki.example/images"]',
      'Tags are removed after 30 days.',
    ),
    'other.md': article('Other cluster', 'matchers: cluster=beta'),
    'broken.md': article('Broken', 'matchers: cluster='),
  });
  await harness.startWorker(harness.config({ knowledge_dir }, { agent: 'writes-report' }));
  const id = await harness.admit('image-pull-back-off');
  await harness.reaches(id, 'reported');
  const prompt = await readFile(harness.workspace(id, 'prompt-sent.md'), 'utf8');
  expect(prompt).toContain('# Knowledge');
  expect(prompt).toContain('Tags are removed after 30 days.');
  expect(prompt).toContain('- https://wiki.example/images');
  expect(prompt).not.toContain('Other cluster');
  // The agent of this test writes no diagnosis: an article about a cause is not linked, one about the cluster is.
  expect((await harness.incident(id)).report?.knowledge).toBeUndefined();
  expect(harness.logger.lines).toContainEqual({
    level: 'warn',
    message: 'knowledge file ignored',
    fields: expect.objectContaining({ problem: expect.stringMatching(/broken\.md:3:1: matchers: "cluster="/) }),
  });

  await writeArticles({ 'new.md': article('Image runbook', 'matchers: cluster=alpha') });
  const next = await harness.admit('image-pull-back-off');
  const { report } = await harness.reaches(next, 'reported');
  expect(report?.knowledge).toEqual([{ file: 'new.md', title: 'Image runbook', links: [] }]);
  expect(await harness.incidents.report(next)).toMatch(/\n## Knowledge\n\n- Image runbook \(`new\.md`\)\n$/);
  expect(harness.logger.lines.filter(({ message }) => message === 'knowledge file ignored')).toHaveLength(1);
});

it('links the articles about the cause that the built-in analyser found', async () => {
  const knowledge_dir = await writeArticles({
    'images.md': article(
      'Images of [shop]',
      'causes: [image_not_found]\nlinks: [{title: Wiki, url: "https://wiki.example/a b"}]',
    ),
    'memory.md': article('Memory', 'causes: [oom_limit]'),
  });
  await harness.startWorker(harness.config({ knowledge_dir }));
  const id = await harness.admit('image-pull-back-off');
  await harness.reaches(id, 'reported');
  expect(await harness.incidents.report(id)).toContain(
    '## Knowledge\n\n- Images of \\[shop\\] (`images.md`): [Wiki](<https://wiki.example/a%20b>)\n',
  );
});
