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
   * @param place `own_sockets`: the token is valid on sockets of this run alone, which gateways open (see `RunSockets`)
   */
  async issue(
    grant: Omit<Grant, 'expires_at' | 'socket'>,
    seconds: number,
    place: 'own_sockets' | 'shared' = 'shared',
  ): Promise<IssuedGrant> {
    const token = randomBytes(32).toString('base64url');
    const hash = hashOf(token);
    const ms = Math.ceil(seconds * 1000);
    const socket = place === 'own_sockets' ? socketOf(hash) : undefined;
    const issued: Grant = { ...grant, expires_at: this.#now() + ms, ...(socket !== undefined && { socket }) };
    const index = this.#keys.grants(grant.incident_id);
    const commands = this.#redis
      .multi()
      .set(this.#keys.grant(hash), JSON.stringify(issued), 'PX', ms)
      .sadd(index, `${grant.attempt}:${hash}`)
      .pexpire(index, ms);
    if (socket !== undefined) commands.hset(this.#keys.runSockets, socket, JSON.stringify(runOf(issued)));
    await commands.exec();
    return { token, grant: issued };
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

/** What {@link Grants.issue} makes. */
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
