import { Password } from '@nightcrier/core/access/user';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { readFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';

/**
 * Returns a new password: of a file (`-`: standard input), or typed twice. It is never an argument, which everybody on the machine sees.
 * @throws ExitError when there is no terminal to ask on, or the password cannot be used
 */
export async function readNewPassword(user: string, file?: string): Promise<string> {
  const password = file === undefined ? await typed(user) : await ofFile(file);
  const { error } = Password.safeParse(password);
  if (error) throw new ExitError('usage', `the password ${error.issues[0]?.message ?? 'cannot be used'}`);
  return password;
}

async function ofFile(file: string): Promise<string> {
  const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  return content.replace(/\r?\n$/, '');
}

async function typed(user: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new ExitError('usage', 'there is no terminal to ask for the password; use --password-file');
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: hidden, terminal: true });
  try {
    const password = await ask(terminal, `password of ${user}: `);
    if (password !== (await ask(terminal, 'again: '))) throw new ExitError('usage', 'the two passwords differ');
    return password;
  } finally {
    terminal.close();
  }
}

/** Asks on the terminal without showing what is typed. @throws ExitError at Ctrl-C and at the end of the input */
async function ask(terminal: Interface, question: string): Promise<string> {
  process.stderr.write(escapeControls(question));
  const ended = new AbortController();
  const end = (): void => ended.abort();
  terminal.once('SIGINT', end).once('close', end);
  try {
    return await terminal.question('', { signal: ended.signal });
  } catch (cause) {
    throw new ExitError('usage', 'no password was given', { cause });
  } finally {
    terminal.off('SIGINT', end).off('close', end);
    process.stderr.write('\n');
  }
}
