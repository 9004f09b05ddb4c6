import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createLogger, readableLogLine } from './logger.ts';
import { escapeControls } from './terminal-text.ts';

const HOSTILE: [name: string, text: string][] = [
  ['a title (OSC 0)', '\u001b]0;owned\u0007'],
  ['a link (OSC 8)', '\u001b]8;;http://evil.example\u001b\\click\u001b]8;;\u001b\\'],
  ['the clipboard (OSC 52)', '\u001b]52;c;cm0gLXJmIC8=\u0007'],
  ['clear screen', '\u001b[2J\u001b[H'],
  ['C1 controls', '\u009b2J\u009d0;owned\u009c'],
  ['backspaces and carriage returns', 'failed\b\b\b\b\b\bok\rall well'],
  ['reordered text', 'invoice\u202efdp.exe'],
  ['invisible text', 'a\u200bb\u2066c\u2069'],
  ['text in tags', 'a\u{e0041}\u{e0042}'],
  ['fillers that show nothing', 'a\u3164b\u115fc\u180ed'],
];
const OBEYED =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u115f\u180e\u200b-\u200f\u202a-\u202e\u2066-\u2069\u3164\u{e0000}-\u{e007f}]/u;

describe.each(HOSTILE)('%s', (_, text) => {
  test('is shown, not obeyed', () => {
    expect(escapeControls(text)).not.toMatch(OBEYED);
    expect(escapeControls(`${text}\n\tfine`)).toMatch(/\\u[\da-f]{4}.*\n\tfine/s);
  });

  test('is shown in a log on a terminal', async () => {
    let written = '';
    const stream = Object.assign(
      new Writable({
        write: (chunk, _encoding, done) => {
          written += String(chunk);
          done();
        },
      }),
      { isTTY: true },
    );
    createLogger('ingester', 'info', stream).info({ text }, 'hostile');
    await expect.poll(() => written).toContain('hostile');
    // The colours of the formatter itself.
    // oxlint-disable-next-line no-control-regex
    expect(written.replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(OBEYED);
    const line = JSON.stringify({ level: 'info', time: '2026-11-26T12:00:00Z', msg: 'hostile', text });
    // oxlint-disable-next-line no-control-regex
    expect(readableLogLine(line).replaceAll(/\u001b\[\d+m/g, '')).not.toMatch(OBEYED);
    expect(readableLogLine(text).replaceAll('\n', '')).not.toMatch(OBEYED);
  });
});

test('text without control characters remains', () => {
  const text = 'über 5 °C: “ok” – a\\b 日本 🚀\n\tnext';
  expect(escapeControls(text)).toBe(text);
});
