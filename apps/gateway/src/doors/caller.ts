import type { Grant } from '@nightcrier/core/gateway/grant';
import type { Grants } from '@nightcrier/state/grants/grants';

/** Requests of one run at the same time: kubectl opens few, and a browser of one's own would not need more. */
const MOST_CONCURRENT = 64;
/** Requests of one run per second, on average, and how many may come at once. */
const RATE = 50;
const BURST = 400;
const LIVE_CHECK_MS = 1_000;

/** A run that makes requests through this gateway. */
export interface Caller {
  readonly grant: Grant;
  /** Aborted when the grant is revoked or expires. */
  readonly signal: AbortSignal;
}

interface Entry extends Caller {
  readonly abort: AbortController;
  active: number;
  tokens: number;
  refilled: number;
}

export type Entrance =
  | { kind: 'entered'; caller: Caller; leave: () => void }
  | { kind: 'unknown'; reason: string }
  | { kind: 'busy'; caller: Caller };

/**
 * Admits requests by their token, asks Redis for each, and bounds how many a run makes. Streams end when their grant does: grants
 * of open requests are looked up again every second.
 */
export class Callers {
  readonly #grants: Grants;
  readonly #entries = new Map<string, Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(grants: Grants) {
    this.#grants = grants;
  }

  /**
   * @param socket the directory of the socket that the request came through, if it is one of a run
   * @throws Error when Redis does not answer
   */
  async enter(token: string, socket: string | undefined, now = performance.now()): Promise<Entrance> {
    const grant = await this.#grants.find(token);
    if (!grant) return { kind: 'unknown', reason: 'the token is not valid: it is unknown, expired or revoked' };
    if (grant.socket !== socket)
      return { kind: 'unknown', reason: 'the token is not valid here: it is that of another run' };
    const entry = this.#entryOf(token, grant, now);
    entry.tokens = Math.min(BURST, entry.tokens + ((now - entry.refilled) / 1000) * RATE);
    entry.refilled = now;
    if (entry.active >= MOST_CONCURRENT || entry.tokens < 1) return { kind: 'busy', caller: entry };
    entry.tokens -= 1;
    entry.active += 1;
    this.#timer ??= setInterval(() => void this.#endRevoked(), LIVE_CHECK_MS);
    const leave = (): void => {
      entry.active -= 1;
      if (entry.active > 0) return;
      // What remains of the rate is kept for a while by the entry; it is forgotten with the grant.
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
    this.#forgetIdle();
    const abort = new AbortController();
    const entry = { grant, abort, signal: abort.signal, active: 0, tokens: BURST, refilled: now };
    this.#entries.set(token, entry);
    return entry;
  }

  #forgetIdle(): void {
    for (const [token, { active, grant }] of this.#entries) {
      if (active === 0 && grant.expires_at < Date.now()) this.#entries.delete(token);
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
