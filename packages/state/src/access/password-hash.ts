import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<'argon2id', Argon2Parameters, Buffer>(argon2);

/** What OWASP recommends for argon2id: 19 MiB of memory, two passes. Stored with each hash, so that they can be raised. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const LENGTH = 32;

/** `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, base64 without padding: the format of every argon2 library. */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Returns the hash of a password, with its salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await hashOf(password, { salt, memory: MEMORY_KIB, passes: PASSES, lanes: LANES, length: LENGTH });
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * Returns whether a password is the one of a hash. Takes as long where there is no user, so that the time does not tell which names exist.
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, memory, passes, lanes, salt = '', expected = ''] = PHC.exec(stored ?? '') ?? [];
  if (memory === undefined) {
    await hashPassword(password);
    return false;
  }
  const wanted = Buffer.from(expected, 'base64');
  const hash = await hashOf(password, {
    salt: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    length: wanted.length,
  });
  return timingSafeEqual(hash, wanted);
}

interface Cost {
  salt: Buffer;
  memory: number;
  passes: number;
  lanes: number;
  length: number;
}

/** Computed in a thread of libuv. Unicode has several forms of the same text, and keyboards differ in which one they type. */
async function hashOf(password: string, { salt, memory, passes, lanes, length }: Cost): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFKC'));
  return derive('argon2id', { message, nonce: salt, parallelism: lanes, tagLength: length, memory, passes });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
