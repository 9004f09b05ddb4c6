import { READ_ONLY_TOKEN, type SimulatedCluster, startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedisServer } from '../../../test/fixtures/redis-server.ts';
import { GatewayHarness } from './gateway-harness.ts';

const PATIENCE = { timeout: 60_000 };

let redis: RedisServer;
let cluster: SimulatedCluster;
let harness: GatewayHarness;

beforeAll(async () => {
  redis = await startRedisServer();
  cluster = await startSimulatedCluster({ name: 'alpha', users: { [READ_ONLY_TOKEN]: 'read-only' }, tls: true });
});
afterAll(async () => {
  await cluster.stop();
  await redis.stop();
});
beforeEach(async () => {
  harness = await GatewayHarness.open(redis.url);
});
afterEach(() => harness.close());

const configure = async () => harness.config(cluster.kubeconfig(READ_ONLY_TOKEN));

async function statusOf(socket: string, token: string): Promise<string> {
  const flags = ['--silent', '--insecure', '--max-time', '60', '--output', '/dev/null', '--write-out', '%{http_code}'];
  const request = ['--unix-socket', socket, '--header', `Authorization: Bearer ${token}`, 'https://127.0.0.1/version'];
  return (await execa('curl', [...flags, ...request], { reject: false })).stdout;
}

describe('sockets that are reserved for a run to come', () => {
  const RUN = { incident_id: 'i-1', cluster: 'alpha', attempt: 1, agent: 'claude' };

  it('admit nothing before the run, then its token alone, and what they refuse is recorded on it', async () => {
    const { address } = await harness.start(await configure());
    const { grants, runSockets, doorRecords } = harness.state;
    const reservation = await grants.reserve(600);
    const open = async () => runSockets.open(reservation.socket, [address.id], AbortSignal.timeout(120_000));
    expect(await open()).toBe(address.id);
    const socket = path.join(harness.folder, 'sockets', reservation.socket, `${address.id}.kube.sock`);
    expect(await statusOf(socket, reservation.token)).toBe('401');

    const { token, grant } = await grants.issue(RUN, 600, reservation);
    expect({ token, socket: grant.socket }).toEqual(reservation);
    expect(await open()).toBe(address.id);
    expect(await statusOf(socket, token)).toBe('200');
    expect(await statusOf(socket, (await harness.grant()).token)).toBe('401');
    await expect
      .poll(async () => (await doorRecords.read(grant)).entries, PATIENCE)
      .toContainEqual(expect.objectContaining({ decision: 'denied', status: 401 }));
  });

  it('are confirmed for the run by a gateway that lives', async () => {
    const config = await configure();
    const [{ app, address: stopped }, { address: live }] = [await harness.start(config), await harness.start(config)];
    const { grants, runSockets } = harness.state;
    const reservation = await grants.reserve(600);
    const gateways = [stopped.id, live.id];
    for (const id of gateways) await runSockets.open(reservation.socket, [id], AbortSignal.timeout(120_000));
    await app.stop();
    await grants.issue(RUN, 600, reservation);
    expect(await runSockets.open(reservation.socket, gateways, AbortSignal.timeout(120_000))).toBe(live.id);
  });

  it('are closed when the reservation is released', async () => {
    const { address } = await harness.start(await configure());
    const { grants, runSockets } = harness.state;
    const reservation = await grants.reserve(600);
    await runSockets.open(reservation.socket, [address.id], AbortSignal.timeout(120_000));
    await grants.release(reservation);
    const directories = async () => readdir(path.join(harness.folder, 'sockets'));
    await expect.poll(directories, PATIENCE).not.toContain(reservation.socket);
  });
});

describe('a client of the gateway that is slow', () => {
  /** Short, so that a test need not wait. */
  const TIMES = { handshake: 300, headers: 400, request: 800, check: 100 };

  /** Sends a byte again and again; resolves when the gateway has closed the connection. */
  async function dribble(socket: Socket, begin: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.resume().write(begin);
    const bytes = setInterval(() => socket.write('x'), 50);
    await promise.finally(() => clearInterval(bytes));
  }

  async function sockets(): Promise<{ kube: string; llm: string; token: string }> {
    const { address } = await harness.start(await configure(), { times: TIMES });
    const run = await harness.grantWithSockets([address]);
    const socketOf = (door: string) => path.join(run.directory, `${address.id}.${door}.sock`);
    return { kube: socketOf('kube'), llm: socketOf('llm'), token: run.token };
  }

  it('loses its connection when it begins no handshake, and when it does not end one', async () => {
    const { kube, token } = await sockets();
    const silent = connect(kube);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    silent
      .on('error', () => undefined)
      .once('close', () => resolve())
      .resume();
    await closed;
    // The beginning of a ClientHello.
    await dribble(connect(kube), '\u0016\u0003\u0001\u0002\u0000\u0001');
    // On a busy machine, its own handshake may take too long as well.
    await expect.poll(() => statusOf(kube, token), PATIENCE).toBe('200');
  });

  it('loses its connection when it sends headers or a body byte by byte', async () => {
    const { kube, llm, token } = await sockets();
    const open = () => connectTls({ path: kube, rejectUnauthorized: false });
    const begin = `POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
    await Promise.all([
      dribble(open(), 'GET /version HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      dribble(open(), `${begin}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`),
      dribble(connect(llm), 'POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      dribble(
        connect(llm),
        `POST /v1/messages HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${token}\r\nContent-Length: 100000\r\n\r\n{`,
      ),
    ]);
    // On a busy machine, its own handshake may take too long as well.
    await expect.poll(() => statusOf(kube, token), PATIENCE).toBe('200');
  });
});
