import { Grant } from '@nightcrier/core/gateway/grant';
import type { Redis } from 'ioredis';
import { createHash, randomBytes } from 'node:crypto';
import { ifReadable } from '../damage/if-readable.ts';
import { storedJson } from '../damage/stored-json.ts';
import type { StateKeys } from '../redis/keys.ts';
import type { StateContext } from '../redis/state-context.ts';
import type { SocketRun } from '../gateways/run-sockets.ts';

/** A grant and the token that stands for it. Only the token's hash is stored. */
export interface IssuedGrant {
  token: string;
  grant: Grant;
}

/** A token for a run to come. No grant stands behind it, so it is valid nowhere; gateways open its sockets already. */
export interface Reservation {
  token: string;
  /** Names the directory of its sockets. */
  socket: string;
}

/** The grants of agents: issued by workers, looked up by gateways, revoked when the run has ended. */
export class Grants {
  readonly #redis: Redis;
  readonly #keys: StateKeys;
  readonly #now: () => number;

  constructor({ redis, keys, now }: StateContext) {
    this.#redis = redis;
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * Issues a token of 256 random bits for one run.
   * @param seconds until it expires
   * @param place `own_sockets`: the token is valid on sockets of this run alone, which gateways open (see `RunSockets`); a
   * reservation: as those, which are open
   */
  async issue(
    grant: Omit<Grant, 'expires_at' | 'socket'>,
    seconds: number,
    place: 'own_sockets' | 'shared' | Reservation = 'shared',
  ): Promise<IssuedGrant> {
    const token = typeof place === 'string' ? newToken() : place.token;
    const hash = hashOf(token);
    const ms = Math.ceil(seconds * 1000);
    const socket = place === 'shared' ? undefined : socketOf(hash);
    const issued: Grant = { ...grant, expires_at: this.#now() + ms, ...(socket !== undefined && { socket }) };
    const index = this.#keys.grants(grant.incident_id);
    const commands = this.#redis
      .multi()
      .set(this.#keys.grant(hash), JSON.stringify(issued), 'PX', ms)
      .sadd(index, `${grant.attempt}:${hash}`)
      .pexpire(index, ms);
    if (socket !== undefined) {
      // Gateways record again that they listen, for this run.
      commands.hset(this.#keys.runSockets, socket, JSON.stringify(runOf(issued))).del(this.#keys.runListeners(socket));
    }
    await commands.exec();
    return { token, grant: issued };
  }

  /** Records a token for a run to come, so that gateways open its sockets. @param seconds until the sockets close, unless the run has begun */
  async reserve(seconds: number): Promise<Reservation> {
    const token = newToken();
    const socket = socketOf(hashOf(token));
    const run: SocketRun = { incident_id: RESERVED, attempt: 1, expires_at: this.#now() + Math.ceil(seconds * 1000) };
    await this.#redis.hset(this.#keys.runSockets, socket, JSON.stringify(run));
    return { token, socket };
  }

  /** Gives a reservation up that no run has used. */
  async release({ socket }: Reservation): Promise<void> {
    await this.#redis.multi().hdel(this.#keys.runSockets, socket).del(this.#keys.runListeners(socket)).exec();
  }

  /** Returns the grant of a token; undefined if there is none, or it is revoked or expired. */
  async find(token: string): Promise<Grant | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const text = await ifReadable(this.#redis.get(this.#keys.grant(hashOf(token))), null);
    const grant = storedJson(Grant, text ?? undefined);
    return grant !== undefined && grant.expires_at > this.#now() ? grant : undefined;
  }

  /** Revokes the grants of one attempt of an incident, or of all of them. Returns how many there were. */
  async revoke(incidentId: string, attempt?: number): Promise<number> {
    const index = this.#keys.grants(incidentId);
    const members = (await ifReadable(this.#redis.smembers(index), [])).filter(
      (member) => attempt === undefined || member.startsWith(`${attempt}:`),
    );
    if (members.length === 0) return 0;
    const hashes = members.map((member) => member.slice(member.indexOf(':') + 1));
    await this.#redis
      .multi()
      .del(...hashes.map((hash) => this.#keys.grant(hash)))
      .hdel(this.#keys.runSockets, ...hashes.map(socketOf))
      .srem(index, ...members)
      .exec();
    return members.length;
  }
}

/** Takes the place of the incident in the record of a reservation. Requests through its sockets are of no run. */
const RESERVED = 'reserved';

function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** A token as it is made here. */
const TOKEN = /^[\w-]{43}$/;

/** Names the directory of a run's sockets: unique, short, and no secret. */
function socketOf(hash: string): string {
  return hash.slice(0, 12);
}

function runOf({ incident_id, attempt, expires_at }: Grant): SocketRun {
  return { incident_id, attempt, expires_at };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
