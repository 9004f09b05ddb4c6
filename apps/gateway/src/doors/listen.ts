import { ExitError } from '@nightcrier/runtime/exit-code';
import { requireDirectory } from '@nightcrier/runtime/process/make-directory';
import { chmod, lstat, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import path from 'node:path';

/** Milliseconds after which an empty directory of a run is removed. */
const ABANDONED_MS = 60_000;
/** Longest path of a Unix socket that every platform takes, in bytes. */
const LONGEST_SOCKET_PATH = 103;

/**
 * Creates the directory of the sockets, which agent containers mount, and removes sockets of gateways that were killed.
 * @throws Error when another user could replace its content
 */
export async function openSocketDirectory(directory: string): Promise<void> {
  requireDirectory('gateway_socket_dir', directory, 0o755);
  const { uid, mode } = await lstat(directory).then((stats) => {
    if (!stats.isDirectory())
      throw new ExitError('cannot_create', `gateway_socket_dir ${directory} is not a directory`);
    return stats;
  });
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new ExitError(
      'cannot_create',
      `gateway_socket_dir ${directory} can be changed by other users; remove it, or set gateway_socket_dir to a directory of this user`,
    );
  }
  await removeDead(directory);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    await removeDead(path.join(directory, entry.name));
    // Another gateway may be about to listen in an empty directory.
    const { mtimeMs } = await stat(path.join(directory, entry.name));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rmdir(path.join(directory, entry.name)).catch(() => undefined);
  }
}

async function removeDead(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith('.sock') && !(await answers(path.join(directory, name)))) {
      await rm(path.join(directory, name), { force: true });
    }
  }
}

async function answers(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(socket);
  probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => probe.destroy());
}

/** @throws Error when the path is too long for a Unix socket */
export function checkSocketPath(file: string): void {
  if (Buffer.byteLength(file) <= LONGEST_SOCKET_PATH) return;
  throw new ExitError(
    'cannot_create',
    `the path of the socket ${file} is longer than ${LONGEST_SOCKET_PATH} bytes; set gateway_socket_dir to a shorter one`,
  );
}

/** Listens on a Unix socket that every user may connect to: the agent has a user of its own, and a token decides. */
export async function listenOnSocket(server: Server, file: string): Promise<void> {
  checkSocketPath(file);
  await listening(server, () => server.listen(file));
  await chmod(file, 0o666);
}

/** Listens on a free port of the loopback interface. Returns the port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await listening(server, () => server.listen(0, '127.0.0.1'));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the loopback listener has no port');
  return address.port;
}

async function listening(server: Server, listen: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).once('listening', resolve);
  listen();
  await promise;
  server.off('error', reject);
}
