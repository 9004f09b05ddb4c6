import { MATCH_OPERATORS, Matcher, type MatchOperator } from './matcher.ts';

/** A text that is no list of matchers. `offset` counts the characters before the place of the problem. */
export class MatcherSyntaxError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'MatcherSyntaxError';
    this.offset = offset;
  }
}

/** Characters that end an unquoted name or value. */
const RESERVED = '{}!=~,\\"\'`';
const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['a', '\u{7}'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['\\', '\\'],
  ['"', '"'],
]);

/**
 * Parses matchers as Alertmanager does: `cluster="west", cause=~"db_.*"`, with or without braces. Names and values may be unquoted
 * as long as they hold no white space and none of the characters `{}!=~,\"'` and the backtick.
 * @throws MatcherSyntaxError
 */
export function parseMatchers(text: string): Matcher[] {
  const scanner = new Scanner(text);
  const hasBrace = scanner.skip('{');
  const matchers: Matcher[] = [];
  while (!scanner.atEnd() && scanner.peek() !== '}') {
    matchers.push(oneMatcher(scanner));
    if (!scanner.skip(',') && !scanner.atEnd() && scanner.peek() !== '}')
      scanner.fail('expected a comma between two matchers');
  }
  if (hasBrace && !scanner.skip('}')) scanner.fail('expected a closing brace');
  if (!hasBrace && scanner.peek() === '}') scanner.fail('unexpected closing brace: there is no opening one');
  if (!scanner.atEnd()) scanner.fail('unexpected text after the closing brace');
  return matchers;
}

function oneMatcher(scanner: Scanner): Matcher {
  const name = scanner.word('a label name');
  const operator = scanner.operator();
  const { offset } = scanner;
  const value = scanner.word('a value');
  try {
    return new Matcher(name, operator, value);
  } catch (error) {
    throw new MatcherSyntaxError(
      offset,
      `${JSON.stringify(value)} is no regular expression: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Reads tokens from left to right; each character is read once. */
class Scanner {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text;
    this.#space();
  }

  atEnd(): boolean {
    return this.offset >= this.#text.length;
  }

  peek(): string | undefined {
    return this.#text[this.offset];
  }

  skip(character: string): boolean {
    if (this.peek() !== character) return false;
    this.offset += 1;
    this.#space();
    return true;
  }

  operator(): MatchOperator {
    const two = this.#text.slice(this.offset, this.offset + 2);
    const found = MATCH_OPERATORS.find((it) => it === two) ?? MATCH_OPERATORS.find((it) => it === two[0]);
    if (found === undefined) return this.fail('expected an operator: =, !=, =~ or !~');
    this.offset += found.length;
    this.#space();
    return found;
  }

  word(what: string): string {
    const word = this.peek() === '"' ? this.#quoted() : this.#unquoted(what);
    this.#space();
    return word;
  }

  fail(message: string): never {
    const rest = this.#text.slice(this.offset, this.offset + 20);
    throw new MatcherSyntaxError(this.offset, `${message}, found ${rest === '' ? 'the end' : JSON.stringify(rest)}`);
  }

  #space(): void {
    while (!this.atEnd() && /\s/.test(this.peek() ?? '')) this.offset += 1;
  }

  #unquoted(what: string): string {
    const start = this.offset;
    while (!this.atEnd() && !RESERVED.includes(this.peek() ?? '') && !/\s/.test(this.peek() ?? '')) this.offset += 1;
    if (this.offset === start) this.fail(`expected ${what}`);
    return this.#text.slice(start, this.offset);
  }

  /** A string in double quotes with the escapes of Go. */
  #quoted(): string {
    const start = this.offset;
    const parts: Buffer[] = [];
    for (this.offset += 1; ;) {
      const character = this.#text.codePointAt(this.offset);
      if (character === undefined) {
        this.offset = start;
        return this.fail('the closing quote is missing');
      }
      const text = String.fromCodePoint(character);
      this.offset += text.length;
      if (text === '"') break;
      parts.push(text === '\\' ? this.#escape() : Buffer.from(text));
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
    } catch {
      this.offset = start;
      return this.fail('the escapes do not give valid UTF-8');
    }
  }

  #escape(): Buffer {
    const simple = SIMPLE_ESCAPES.get(this.peek() ?? '');
    if (simple !== undefined) {
      this.offset += 1;
      return Buffer.from(simple);
    }
    const [all, byte, short, long] =
      /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(this.#text.slice(this.offset, this.offset + 9)) ??
      [];
    if (all === undefined) return this.fail('unknown escape after a backslash');
    const point = Number.parseInt(byte ?? short ?? long ?? '', 16);
    if (point > 0x10_ffff) return this.fail('no such code point');
    this.offset += all.length;
    return byte === undefined ? Buffer.from(String.fromCodePoint(point)) : Buffer.from([point]);
  }
}
