import { type CallExpression, type Expression, type ObjectExpression, parseSync, Visitor } from 'oxc-parser';
import { type Constants, constantsOf } from '../source/constants.ts';

export const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof LEVELS)[number];

interface LogMessage {
  readonly message: string;
  readonly levels: readonly Level[];
  readonly line: number;
}

/** What a source logs, and what in it cannot be listed because the message is not a constant. */
export interface FoundMessages {
  readonly messages: readonly LogMessage[];
  readonly problems: readonly string[];
}

/**
 * Finds the log messages of one source: calls `logger.level(fields, 'message')`, and object literals that have `level`
 * and `message` side by side. A message is a string literal, a conditional expression of two, or a `const` of either in
 * the same file. `logger[x.level](fields, x.message)` logs such an object and is not a message of its own.
 */
export function findLogMessages(file: string, source: string): FoundMessages {
  const { program, errors } = parseSync(file, source, { preserveParens: false });
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const constants = constantsOf(program);
  const messages: LogMessage[] = [];
  const problems: string[] = [];
  const lineOf = (offset: number) => source.slice(0, offset).split('\n').length;

  const add = (offset: number, level: Expression | Level, message: Expression) => {
    const levels = (typeof level === 'string' ? [level] : literalsOf(level, constants))?.filter(isLevel) ?? [];
    const texts = literalsOf(message, constants);
    const line = lineOf(offset);
    if (texts === undefined)
      problems.push(`${file}:${line}: the log message is not a string literal; make it one and the rest fields`);
    else if (levels.length === 0) problems.push(`${file}:${line}: the log level is not a literal`);
    else messages.push(...texts.map((text) => ({ message: text, levels, line })));
  };

  new Visitor({
    CallExpression(call) {
      const level = loggedLevel(call);
      const [, message] = call.arguments;
      if (level === undefined && looksLikeLogging(call)) {
        problems.push(`${file}:${lineOf(call.start)}: name what is called here "logger", or its method otherwise`);
      }
      if (level === undefined || message === undefined || message.type === 'SpreadElement') return;
      if (!logsAnObject(call)) add(call.start, level, message);
    },
    ObjectExpression(object) {
      const level = propertyOf(object, 'level');
      const message = propertyOf(object, 'message');
      if (level === undefined || message === undefined) return;
      if (literalsOf(level, constants)?.some(isLevel)) add(object.start, level, message);
    },
  }).visit(program);
  return { messages, problems };
}

const isLevel = (value: string): value is Level => LEVELS.some((level) => level === value);

/** Returns the level of a call on a logger: its name, or the expression in `logger[expression]`. */
function loggedLevel({ callee }: CallExpression): Level | Expression | undefined {
  if (callee.type !== 'MemberExpression' || !isLogger(callee.object)) return undefined;
  if (callee.computed) return callee.property;
  return callee.property.type === 'Identifier' && isLevel(callee.property.name) ? callee.property.name : undefined;
}

/** Whether a call has the name and the two arguments of a logging call: on a logger by another name it would be missed. */
function looksLikeLogging({ callee, arguments: { length } }: CallExpression): boolean {
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return false;
  const isConsole = callee.object.type === 'Identifier' && callee.object.name === 'console';
  return isLevel(callee.property.name) && length === 2 && !isConsole;
}

/** A logger is an identifier or member whose name ends in "logger", or what `child` of one returns. */
function isLogger(node: Expression): boolean {
  if (node.type === 'Identifier') return /logger$/i.test(node.name);
  if (node.type === 'CallExpression') {
    return node.callee.type === 'MemberExpression' && isLogger(node.callee.object);
  }
  if (node.type !== 'MemberExpression' || node.computed) return false;
  return /logger$/i.test(node.property.name);
}

function logsAnObject({ callee, arguments: [, message] }: CallExpression): boolean {
  if (callee.type !== 'MemberExpression' || !callee.computed) return false;
  const level = callee.property;
  return (
    level.type === 'MemberExpression' &&
    message?.type === 'MemberExpression' &&
    level.property.type === 'Identifier' &&
    message.property.type === 'Identifier' &&
    level.property.name === 'level' &&
    message.property.name === 'message'
  );
}

function propertyOf(object: ObjectExpression, name: string): Expression | undefined {
  for (const property of object.properties) {
    if (property.type !== 'Property' || property.computed || property.key.type !== 'Identifier') continue;
    if (property.key.name === name) return property.value;
  }
  return undefined;
}

/** Returns the string literals that an expression can have as its value, or undefined if it has others. */
function literalsOf(node: Expression, constants: Constants): string[] | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return [node.value];
  if (node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression')
    return literalsOf(node.expression, constants);
  if (node.type === 'Identifier') {
    const value = constants.get(node.name);
    return value === undefined ? undefined : literalsOf(value, constants);
  }
  if (node.type !== 'ConditionalExpression') return undefined;
  const consequent = literalsOf(node.consequent, constants);
  const alternate = literalsOf(node.alternate, constants);
  return consequent && alternate && [...consequent, ...alternate];
}
