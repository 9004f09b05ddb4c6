import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CAUSE_FAMILIES, CAUSES } from '@nightcrier/core/diagnosis/cause';
import { expect, it } from 'vitest';
import { causesPage } from '../../eval/causes-page.ts';

it('docs/causes.md is what the vocabulary says: `node apps/triage-worker/eval/write-causes.ts` writes it', async () => {
  const page = await readFile(path.join(import.meta.dirname, '../../../../docs/causes.md'), 'utf8');
  expect(page).toBe(causesPage());
});

it('every cause belongs to one family', () => {
  const codes = Object.values(CAUSE_FAMILIES).flatMap((family) => Object.keys(family));
  expect(new Set(codes).size).toBe(codes.length);
  expect(new Set([...codes, 'unknown'])).toEqual(new Set(Object.keys(CAUSES)));
});
