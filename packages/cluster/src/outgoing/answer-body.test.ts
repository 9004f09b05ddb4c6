import { expect, test } from 'vitest';
import { AnswerBody } from './answer-body.ts';

/** What a connection does for a body. */
class Connection {
  paused = false;
  aborted = false;
  readonly reason = null;

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  abort(): void {
    this.aborted = true;
  }
}

const KB = 1 << 10;

test('a connection is not read while much waits for the reader', async () => {
  const connection = new Connection();
  const body = new AnswerBody(connection);
  body.push(Buffer.alloc(40 * KB));
  expect(connection.paused).toBe(false);
  body.push(Buffer.alloc(40 * KB));
  expect(connection.paused).toBe(true);
  expect((await body.next()).value).toHaveLength(40 * KB);
  expect(connection.paused).toBe(false);
});

test('what came before an error is read first', async () => {
  const body = new AnswerBody(new Connection());
  body.push(Buffer.from('a'));
  body.end(new Error('cut'));
  expect((await body.next()).value?.toString()).toBe('a');
  await expect(body.next()).rejects.toThrow('cut');
});

test('of an answer that is left early a little is dropped, and then the connection is closed', async () => {
  const connection = new Connection();
  const body = new AnswerBody(connection);
  await body.return();
  body.push(Buffer.alloc(4 * KB));
  expect(connection.aborted).toBe(false);
  body.push(Buffer.alloc(1));
  expect(connection.aborted).toBe(true);
  body.end();
});
