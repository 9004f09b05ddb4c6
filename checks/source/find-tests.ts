import { type Argument, type CallExpression, type Expression, parseSync, Visitor } from 'oxc-parser';
import { type Constants, constantsOf } from './constants.ts';

/** One test as its file declares it. */
export interface DeclaredTest {
  /** Without what is inserted at run time: `${}` parts are left out, `%s` stays. */
  readonly title: string;
  /** The titles of the enclosing `describe` blocks, outermost first. */
  readonly blocks: readonly string[];
  /** Why the test proves nothing: it never runs, or is skipped on some condition without a stated reason. */
  readonly skipped: string | undefined;
}

const TESTS = ['test', 'it'];
const BLOCKS = ['describe', 'suite'];
/** With these the title belongs to the next call: `test.each(table)(title, body)`. */
const CURRIED = new Set(['each', 'for', 'skipIf', 'runIf']);

/** Finds the tests of a vitest file. A conditional skip states its reason in a title, as "skipped: …" or "needs …". */
export function findTests(file: string, source: string): DeclaredTest[] {
  const { program, errors } = parseSync(file, source, { preserveParens: false });
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const constants = constantsOf(program);
  const tests: DeclaredTest[] = [];
  const open: { title: string; skipped: string | undefined }[] = [];

  new Visitor({
    CallExpression(call) {
      const chain = declaration(call);
      const [title] = call.arguments;
      if (chain === undefined || title === undefined) return;
      const reason =
        open.at(-1)?.skipped ?? skipReason(chain.modifiers, call.arguments, textOf(title, constants, source));
      const own = titleOf(title, constants, source);
      if (BLOCKS.includes(chain.root)) open.push({ title: own, skipped: reason });
      else tests.push({ title: own, blocks: open.map((block) => block.title), skipped: reason });
    },
    'CallExpression:exit'(call) {
      const chain = declaration(call);
      if (chain !== undefined && call.arguments.length > 0 && BLOCKS.includes(chain.root)) open.pop();
    },
  }).visit(program);
  return tests;
}

interface Chain {
  readonly root: string;
  readonly modifiers: readonly string[];
}

/** Returns what a call declares, for example `describe` with `skipIf` and `each`; undefined for other calls. */
function declaration({ callee }: CallExpression): Chain | undefined {
  const chain = chainOf(callee);
  return chain !== undefined && CURRIED.has(chain.modifiers.at(-1) ?? '') && callee.type !== 'CallExpression'
    ? undefined
    : chain;
}

function chainOf(node: Expression): Chain | undefined {
  if (node.type === 'Identifier') {
    return [...TESTS, ...BLOCKS].includes(node.name) ? { root: node.name, modifiers: [] } : undefined;
  }
  if (node.type === 'CallExpression') {
    const chain = chainOf(node.callee);
    return CURRIED.has(chain?.modifiers.at(-1) ?? '') ? chain : undefined;
  }
  if (node.type !== 'MemberExpression' || node.computed) return undefined;
  const chain = chainOf(node.object);
  return chain && { root: chain.root, modifiers: [...chain.modifiers, node.property.name] };
}

function skipReason(modifiers: readonly string[], rest: readonly Argument[], text: string): string | undefined {
  const never = modifiers.find((modifier) => ['skip', 'todo', 'fails'].includes(modifier));
  if (never !== undefined) return `.${never}`;
  if (rest.some(hasSkipOption)) return 'the option skip, todo or fails';
  const isConditional = modifiers.some((modifier) => ['skipIf', 'runIf'].includes(modifier));
  return isConditional && !/skipped: |needs /i.test(text) ? 'a condition without a stated reason' : undefined;
}

function hasSkipOption(argument: Argument): boolean {
  if (argument.type !== 'ObjectExpression') return false;
  return argument.properties.some(
    (property) =>
      property.type === 'Property' &&
      property.key.type === 'Identifier' &&
      ['skip', 'todo', 'fails'].includes(property.key.name),
  );
}

function titleOf(title: Argument, constants: Constants, source: string): string {
  if (title.type === 'Literal') return String(title.value);
  const constant = title.type === 'Identifier' ? constants.get(title.name) : undefined;
  if (constant !== undefined) return titleOf(constant, constants, source);
  if (title.type !== 'TemplateLiteral') return source.slice(title.start, title.end);
  return title.quasis
    .map(({ value }, index) => `${value.cooked}${inserted(title.expressions[index], constants)}`)
    .join('');
}

/** Returns a string constant that a template inserts; whatever else it inserts is known at run time only. */
function inserted(expression: Expression | undefined, constants: Constants): string {
  const value = expression?.type === 'Identifier' ? constants.get(expression.name) : undefined;
  return value?.type === 'Literal' ? String(value.value) : '';
}

/** Returns the source text of a title together with that of the constants in it. */
function textOf(title: Argument, constants: Constants, source: string): string {
  const texts = [source.slice(title.start, title.end)];
  const parts = title.type === 'TemplateLiteral' ? title.expressions : [title];
  for (const part of parts) {
    const value = part.type === 'Identifier' ? constants.get(part.name) : undefined;
    if (value !== undefined) texts.push(source.slice(value.start, value.end));
  }
  return texts.join('\n');
}
