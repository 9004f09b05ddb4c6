import { expect, test } from 'vitest';
import { SECRETS } from '../corpus/corpus.ts';
import { HOSTILE_TEXTS } from '../corpus/hostile-texts.ts';
import { scoreCorpus } from '../corpus/score.ts';
import { cleanLog } from '../corpus/log-lines.ts';
import { redactText } from '../src/redact-text.ts';

test('catches at least 97 % of the labelled secrets, and changes at most 1 % of the texts without one', async () => {
  const score = await scoreCorpus();
  expect(score).toMatchObject({ missed: [], false_alarms: [] });
  expect(score.secrets).toBeGreaterThanOrEqual(200);
  expect(score.shapes).toBeGreaterThanOrEqual(100);
  expect(score.non_secrets).toBeGreaterThanOrEqual(100);
});

test('catches a secret in the middle of a long log, and changes nothing else', async () => {
  const log = cleanLog(20_000);
  for (const { text } of SECRETS.filter((_, index) => index % 7 === 0)) {
    expect(await redactText(`${log}\n${text}\n${log}`)).toBe(`${log}\n${await redactText(text)}\n${log}`);
  }
});

test('is idempotent', async () => {
  for (const { text } of SECRETS) {
    const once = await redactText(text);
    expect(await redactText(once)).toBe(once);
  }
});

test.each(Object.keys(HOSTILE_TEXTS))('takes linear time for 1 MB of %s', async (name) => {
  const text = HOSTILE_TEXTS[name]?.() ?? '';
  const begun = process.cpuUsage();
  await redactText(text);
  const { user, system } = process.cpuUsage(begun);
  // Some 100 ms of CPU time; a rule that backtracks takes minutes.
  expect((user + system) / 1000).toBeLessThan(2_000);
});
