import { expect, test } from 'vitest';
import { reportPage } from './report-html.ts';

/** What is between the tags of the page's body. */
const bodyOf = (markdown: string): string => /<body>\n([^]*)\n<\/body>/.exec(reportPage('an-id', markdown))?.[1] ?? '';

test('a report keeps its structure', () => {
  const page = bodyOf(
    '# Title\n\n**Bold** and `code`\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n<b> & c\n```',
  );
  expect(page).toContain('<h1>Title</h1>');
  expect(page).toContain('<strong>Bold</strong> and <code>code</code>');
  expect(page).toMatch(/<ul>\s*<li>one<\/li>/);
  expect(page).toContain('<td>1</td>');
  expect(page).toContain('<pre><code>&lt;b&gt; &amp; c');
});

test.each([
  ['a script', '<script>alert(1)</script>', /script|alert/],
  ['a script in pieces', '<scr<script>ipt>alert(1)</scr</script>ipt>', /<script/],
  ['an event handler', '<p onclick="alert(1)">x</p><svg onload=alert(1)>', /onclick|onload|svg/],
  ['a javascript: link', '[x](javascript:alert(1)) <a href="JaVaScRiPt:alert(1)">y</a>', /javascript/i],
  ['a javascript: link with entities', '<a href="&#106;avascript&colon;alert(1)">y</a>', /href/],
  ['a data: link', '[x](data:text/html;base64,PHNjcmlwdD4=)', /data:/],
  ['a link without a scheme', '[x](//evil.example/a)', /evil/],
  ['a picture', '![alt](https://evil.example/leak.png?secret) <img src=x onerror=alert(1)>', /img|evil|onerror/],
  ['a picture in a style', '<p style="background:url(https://evil.example)">x</p><style>*{}</style>', /style|evil/],
  [
    'a frame',
    '<iframe src="https://evil.example"></iframe><object data=x></object><embed src=x>',
    /iframe|object|embed/,
  ],
  ['a form', '<form action="https://evil.example"><input name=key><button>go</button></form>', /form|input|button/],
  [
    'a base and a redirection',
    '<base href="https://evil.example"><meta http-equiv=refresh content="0;url=x">',
    /base|meta/,
  ],
  ['the end of the page', '</body></html><h1 id="x" class="y">after</h1>', /<\/body>|id=|class=/],
  ['a comment', '<!--[if IE]><script>alert(1)</script><![endif]-->', /script|<!--/],
  ['a script in code', '```html\n<script>alert(1)</script>\n```', /<script/],
])('%s does not get through', (_, markdown, forbidden) => {
  expect(bodyOf(`before\n\n${markdown}\n\nafter`)).not.toMatch(forbidden);
  expect(bodyOf(`before\n\n${markdown}\n\nafter`)).toContain('before');
});

test('a web link remains, and sends no referrer', () => {
  expect(bodyOf('[docs](https://kubernetes.io/docs)')).toContain(
    '<a href="https://kubernetes.io/docs" rel="noopener noreferrer nofollow">docs</a>',
  );
});

test.each([
  ['too long to parse', `<script>alert(1)</script>${'x'.repeat(300_000)}`],
  ['nested without end', `<script>alert(1)</script>\n\n${'>'.repeat(60_000)}`],
])('a report that is %s is shown as it is', (_, markdown) => {
  const body = bodyOf(markdown);
  expect(body).toMatch(/^<pre>&lt;script>alert\(1\)/);
  expect(body).not.toContain('<script');
});

test('an address without end does not hold up the process', () => {
  const page = bodyOf(`# Title\n\n${'a.'.repeat(18_000)}@ and https://example.com/x.\n`);
  expect(page).toContain('<h1>Title</h1>');
  expect(page).toContain('<a href="https://example.com/x."');
}, 60_000);

test.each(['>', '> ', '- ', '1. '])(
  '%s within each other without end does not hold up the process',
  (piece) => {
    expect(bodyOf(piece.repeat(30_000 / piece.length))).toContain('<pre>');
  },
  60_000,
);
