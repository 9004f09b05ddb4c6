import { expect, it } from 'vitest';
import { slackFallback, slackLine, slackText } from './slack-text.ts';

it.each([
  ['a & b <!here>', 'a &amp; b &lt;!here&gt;'],
  ['  \u200B ', '–'],
  ['', '–'],
  ['a\tb\r\nc', 'a    b\nc'],
  ['\u001B[31mred\u001B[0m \u202Etxt.exe', 'red txt.exe'],
  ['half \uD800', 'half \uFFFD'],
])('slackText makes %j printable and escapes it', (text, expected) => {
  expect(slackText(text, 100)).toBe(expected);
});

it('slackText cuts visibly, between characters and never within an escape', () => {
  expect(slackText('abcdef', 5)).toBe('abcd…');
  expect(slackText('abc&&', 5)).toBe('abc…');
  expect(slackText('😀😀😀', 5)).toBe('😀😀…');
  expect(slackText('&'.repeat(100), 12)).toBe('&amp;&amp;…');
  for (let max = 1; max < 60; max += 1) {
    const cut = slackText('<😀e\u0301&'.repeat(20), max);
    expect(cut.length).toBeLessThanOrEqual(max);
    expect(cut.isWellFormed()).toBe(true);
    expect(cut).not.toMatch(/&(?!amp;|lt;|gt;)/);
  }
});

it('slackLine is one line', () => {
  expect(slackLine('a\n b \t c', 100)).toBe('a b c');
});

it('slackFallback breaks what Slack would make a mention, a link or a format of', () => {
  expect(slackFallback('@channel #x https://evil.example *b*', 100).replaceAll('\u200B', '|')).toBe(
    '@|channel #|x https:|//evil.|example *|b*|',
  );
});
