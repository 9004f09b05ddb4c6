import type { Grant } from '@nightcrier/core/gateway/grant';
import type { Grants } from '@nightcrier/state/grants/grants';
import pLimit, { type LimitFunction } from 'p-limit';
import { TokenBucket } from './token-bucket.ts';

/** Requests of one run at the same time: kubectl opens few, and a browser of one's own would not need more. */
const MOST_CONCURRENT = 64;
/** Answers, and requests to models, of one run that are held in memory as a whole, where they are large. */
const MOST_LARGE = 2;
const REQUESTS_OF_RUN = { rate: 50, burst: 400 };
/** Requests with tokens that are not valid, through the sockets of one run, or through those that scripts share. */
const UNKNOWN_TOKENS = { rate: 10, burst: 100 };
const LIVE_CHECK_MS = 1_000;
/** A run without requests for this long is forgotten, with its rate. */
const FORGOTTEN_MS = 60_000;

/** A run that makes requests through this gateway. */
export interface Caller {
  readonly grant: Grant;
  /** Aborted when the grant is revoked or expires. */
  readonly signal: AbortSignal;
  /** Runs what holds more than a megabyte in memory: few at once, however many the run asks for. */
  readonly large: LimitFunction;
}

interface Entry extends Caller {
  readonly abort: AbortController;
  readonly requests: TokenBucket;
  active: number;
  /** ms */
  lastUsed: number;
}

export type Entrance =
  | { kind: 'entered'; caller: Caller; leave: () => void }
  | { kind: 'unknown'; reason: string }
  /** Too many tokens that are not valid have come this way: this one is not looked up. */
  | { kind: 'throttled'; reason: string }
  | { kind: 'busy'; caller: Caller };

/**
 * Admits requests by their token, asks Redis for each, and bounds how many a run makes, and how many tokens are guessed. Streams end when
 * their grant does: grants of open requests are looked up again every second.
 */
export class Callers {
  readonly #grants: Grants;
  readonly #entries = new Map<string, Entry>();
  /** By the directory of the socket; '' for those that are shared. */
  readonly #unknown = new Map<string, TokenBucket>();
  #timer: NodeJS.Timeout | undefined;

  constructor(grants: Grants) {
    this.#grants = grants;
  }

  /**
   * @param socket the directory of the socket that the request came through, if it is one of a run
   * @throws Error when Redis does not answer
   */
  async enter(token: string, socket: string | undefined, now = performance.now()): Promise<Entrance> {
    const guesses = this.#guessesOf(socket ?? '', now);
    // A run that is known here is not slowed down by what others guess.
    if (!this.#entries.has(token) && !guesses.allows(now))
      return { kind: 'throttled', reason: 'too many requests with tokens that are not valid; try again' };
    // Counts as guessed until it is known to be valid, however many are looked up at once.
    guesses.take(now);
    const grant = await this.#grants.find(token).catch((error: unknown) => {
      guesses.giveBack(now);
      throw error;
    });
    if (!grant || grant.socket !== socket) {
      const problem = grant ? 'valid here: it is that of another run' : 'valid: it is unknown, expired or revoked';
      return { kind: 'unknown', reason: `the token is not ${problem}` };
    }
    guesses.giveBack(now);
    const entry = this.#entryOf(token, grant, now);
    if (entry.active >= MOST_CONCURRENT || !entry.requests.allows(now)) return { kind: 'busy', caller: entry };
    entry.requests.take(now);
    entry.active += 1;
    entry.lastUsed = now;
    this.#timer ??= setInterval(() => void this.#endRevoked(), LIVE_CHECK_MS);
    const leave = (): void => {
      entry.active -= 1;
      if (entry.active > 0) return;
      if (this.#entries.values().every(({ active }) => active === 0)) this.#stopTimer();
    };
    return { kind: 'entered', caller: entry, leave };
  }

  /** Ends every stream. */
  stop(): void {
    this.#stopTimer();
    for (const { abort } of this.#entries.values()) abort.abort(new Error('the gateway stops'));
    this.#entries.clear();
  }

  #entryOf(token: string, grant: Grant, now: number): Entry {
    const known = this.#entries.get(token);
    if (known && !known.signal.aborted) return known;
    this.#forgetIdle(now);
    const abort = new AbortController();
    const requests = new TokenBucket(REQUESTS_OF_RUN, now);
    const large = pLimit(MOST_LARGE);
    const entry = { grant, abort, signal: abort.signal, large, active: 0, requests, lastUsed: now };
    this.#entries.set(token, entry);
    return entry;
  }

  #guessesOf(socket: string, now: number): TokenBucket {
    const known = this.#unknown.get(socket);
    if (known) return known;
    this.#forgetIdle(now);
    const guesses = new TokenBucket(UNKNOWN_TOKENS, now);
    this.#unknown.set(socket, guesses);
    return guesses;
  }

  /** What is kept is bounded by the requests of the last minute, however many runs there were. */
  #forgetIdle(now: number): void {
    for (const [token, { active, lastUsed }] of this.#entries) {
      if (active === 0 && now - lastUsed > FORGOTTEN_MS) this.#entries.delete(token);
    }
    for (const [socket, guesses] of this.#unknown) {
      if (guesses.isFull(now)) this.#unknown.delete(socket);
    }
  }

  async #endRevoked(): Promise<void> {
    for (const [token, { active, abort }] of this.#entries) {
      if (active === 0) continue;
      // While Redis is unreachable, open streams go on until it answers.
      const grant = await this.#grants.find(token).catch(() => 'unknown' as const);
      if (grant !== undefined) continue;
      this.#entries.delete(token);
      abort.abort(new Error('the grant has ended'));
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Returns the token of a request: `Authorization: Bearer` or one of the headers in which model providers take keys. */
export function tokenOf(headers: Record<string, string | string[] | undefined>): string {
  const { authorization = '', 'x-api-key': anthropic, 'x-goog-api-key': google } = headers;
  const [, bearer] = /^Bearer ([\w-]+)$/.exec(String(authorization)) ?? [];
  return bearer ?? String(anthropic ?? google ?? '');
}
