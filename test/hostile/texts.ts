import { HOSTILE_TEXTS } from '../../packages/redaction/corpus/hostile-texts.ts';

const fill = (part: string) => (size: number) => part.repeat(Math.ceil(size / part.length)).slice(0, size);
const nested = (open: string, close: string) => (size: number) => {
  const depth = Math.floor(size / (open.length + close.length));
  return open.repeat(depth) + close.repeat(depth);
};

/** A text of a size in characters that makes a careless parser slow. */
export type HostileText = (size: number) => string;

/** Markdown, HTML, terminal output: what an agent can write into a report, and a container into its log. */
const MARKDOWN: Record<string, HostileText> = {
  headings: fill('# a\n'),
  'headings without text': fill('#'),
  'underlined headings': fill('a\n=\n'),
  'heading with a long end': (size) => `# ${'a '.repeat(20)}${'#'.repeat(size)}`,
  'bold marks': fill('**'),
  'bold lines': fill('**a**\n'),
  underscores: fill('_a_'),
  'open fences': fill('```\n'),
  'fences of growing length': (size) => {
    const lines: string[] = [];
    for (let [length, total] = [3, 0]; total < size; length += 1, total += length) lines.push('`'.repeat(length));
    return lines.join('\n');
  },
  'fences with languages': fill('```sh a\n~~~\n'),
  backticks: fill('`'),
  'quotation marks': fill('> '),
  'nested quotations': fill('> > > > > > > > > > > > > > > > a\n'),
  'nested lists': (size) => {
    const lines: string[] = [];
    for (let [depth, total] = [0, 0]; total < size; depth = (depth + 1) % 200, total += depth + 4)
      lines.push(`${' '.repeat(depth)}- a`);
    return lines.join('\n');
  },
  'list items': fill('- a\n'),
  'numbered items': fill('1. a\n'),
  'recommendations with list items': (size) => `## Recommendations\n${fill('- restart the pod\n  and wait\n')(size)}`,
  'recommendation without end': (size) => `## Recommendations\n- a\n${fill('  b\n')(size)}`,
  'rows of a table': (size) => `## Recommendations\n${fill('| a | b |\n')(size)}`,
  'row with many cells': (size) => `## Recommendations\n${fill('|a ')(size)}`,
  'confidence without a number': fill('confidence '),
  'confidence in words': fill('confidence is '),
  'confidence and percent': fill('confidence: a %'),
  'labels without text': fill('root cause:   \n'),
  'root cause and hyphens': fill('root---'),
  'paragraphs of one word': fill('a\n\n'),
  'line of spaces': fill(' '),
  'open brackets': fill('['),
  'open links': fill('[a](b'),
  'images in links': fill('[![a]('),
  'open HTML': fill('<a '),
  'open HTML comments': fill('<!--'),
  'nested HTML': nested('<b>', '</b>'),
  entities: fill('&amp;&#x1;'),
  'mail addresses': (size) => `${fill('a.')(size)}@`,
  URLs: fill('https://a.b/c?d=e&'),
  'names of objects': fill('pod/cart-1 '),
  'kinds and names in quotes': fill('Pod `cart-1` '),
  'slashes without names': fill('a/'),
  'kubectl commands': fill('kubectl get pod a -n b; '),
  'prompts without commands': (size) => `\`\`\`\n${fill('$ \\\n')(size)}`,
  'quotes with omissions': (size) => `\`\`\`\n${fill('a...b [snip')(size)}\n\`\`\``,
  'remarks without end': (size) => `\`\`\`\n${fill(' # ')(size)}\n\`\`\``,
};

const LOGS: Record<string, HostileText> = {
  'open escape sequences': fill('\u001b['),
  'escape sequences without end': (size) => `\u001b[${fill('0;')(size)}`,
  'titles without end': fill('\u001b]0;a'),
  'nulls and returns': fill('\0\r'),
  'marks of direction': fill('\u202e\u2066'),
  'combining marks': fill('a\u0300'),
  'half surrogates': fill('\ud800'),
  'emoji with joiners': fill('👩‍'),
  'errors in a line': fill('error '),
  'error lines': fill('ERROR: cannot connect to db:5432: refused\n'),
  'causes by causes': fill('Caused by: java.lang.Error: a\n'),
  'stack frames': fill('\tat a.b.c(D.java:1)\n'),
  'JSON lines': fill('{"level":"error","msg":"failed to connect","error":"refused"}\n'),
  'JSON line that does not end': (size) => `{"msg":"${fill('a\\"')(size)}`,
  'logfmt lines': fill('level=error msg="a\\"b" err=c\n'),
  'logfmt quotes': fill('msg="a\\'),
  'dotted names': fill('a.b'),
  'dotted names and colons': fill('a.b.c: '),
  'words before an error': (size) => `${fill('a ')(size)}Error:`,
  'names before an exception': (size) => `${fill('a.')(size)}Exception`,
  'times without messages': fill('2026-11-26T00:00:00Z '),
  addresses: fill('dial tcp 10.0.0.1:5432: '),
  'dots and digits': fill('1.1.1.'),
  brackets: fill('[1] ['),
};

const YAML: Record<string, HostileText> = {
  'open flow lists': fill('['),
  'open flow maps': fill('{a: '),
  'flow lists': nested('[', ']'),
  'nested maps': (size) => {
    const lines: string[] = [];
    for (let [depth, total] = [0, 0]; total < size; depth = (depth + 1) % 100, total += depth + 3)
      lines.push(`${' '.repeat(depth)}a${depth}:`);
    return lines.join('\n');
  },
  'clusters: nothing': fill('clusters:\n'),
  'list items of YAML': (size) => `clusters:\n${fill('  - name: a\n')(size)}`,
  'keys that differ': (size) => Array.from({ length: size / 10 }, (_, index) => `k${index}: 1`).join('\n'),
  anchors: fill('- &a a\n'),
  'aliases of one anchor': (size) => `a: &a [x]\nb:\n${fill('- *a\n')(size)}`,
  'aliases of aliases': (size) =>
    `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 20 }, (_, at) => `a${at + 1}: &a${at + 1} [${fill(`*a${at},`)(40)}x]\n`).join('')}${fill('#\n')(size / 10)}`,
  'unresolved aliases': fill('- *a\n'),
  'open quotes of YAML': fill('"'),
  'quoted escapes': (size) => `a: "${fill('\\u0041')(size)}"`,
  'block scalars': (size) => `a: |\n${fill('  x\n')(size)}`,
  'plain scalar over lines': (size) => `a: ${fill('x\n  ')(size)}`,
  comments: fill('#a\n'),
  'merge keys': (size) =>
    `a: &a {b: 1}\n${Array.from({ length: size / 20 }, (_, at) => `c${at}:\n  <<: *a\n`).join('')}`,
  'variables without names': fill('a: ${\n'),
  documents: fill('---\na: 1\n'),
  tags: fill('!!str '),
  'tabs and colons': fill('\t: '),
  'question marks': fill('? '),
};

const JSON_TEXTS: Record<string, HostileText> = {
  'open JSON lists': fill('['),
  'open JSON objects': fill('{"a":'),
  'JSON lists': nested('[', ']'),
  'JSON objects': nested('{"a":', '}'),
  'JSON keys that differ': (size) => `{${Array.from({ length: size / 12 }, (_, index) => `"k${index}":1`).join(',')}}`,
  'JSON escapes': (size) => `{"a":"${fill('\\u0041')(size)}"}`,
  backslashes: (size) => `{"a":"${fill('\\\\')(size)}"}`,
  numbers: (size) => `[${fill('1,')(size)}1]`,
  'long number': (size) => `[${fill('9')(size)}]`,
};

/** By kind and name. */
export const TEXTS: Record<string, HostileText> = {
  ...MARKDOWN,
  ...LOGS,
  ...YAML,
  ...JSON_TEXTS,
  ...Object.fromEntries(
    Object.entries(HOSTILE_TEXTS).map(([name, text]): [string, HostileText] => [
      `secrets: ${name}`,
      (size) => text().slice(0, size),
    ]),
  ),
};
