import { READ_ONLY_TOKEN } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway-fixture.ts';

const PATIENCE = { timeout: 60_000 };

const gateway = useGateway({ [READ_ONLY_TOKEN]: 'read-only' });

const configure = async () => gateway.harness.config(gateway.cluster.kubeconfig(READ_ONLY_TOKEN));

async function statusOf(socket: string, token: string): Promise<string> {
  const flags = ['--silent', '--insecure', '--max-time', '60', '--output', '/dev/null', '--write-out', '%{http_code}'];
  const request = ['--unix-socket', socket, '--header', `Authorization: Bearer ${token}`, 'https://127.0.0.1/version'];
  return (await execa('curl', [...flags, ...request], { reject: false })).stdout;
}

describe('sockets that are reserved for a run to come', () => {
  const RUN = { incident_id: 'i-1', cluster: 'alpha', attempt: 1, agent: 'claude' };

  it('admit nothing before the run, then its token alone, and what they refuse is recorded on it', async () => {
    const { address } = await gateway.harness.start(await configure());
    const { grants, runSockets, doorRecords } = gateway.harness.state;
    const reservation = await grants.reserve(600);
    const open = async () => runSockets.open(reservation.socket, [address.id], AbortSignal.timeout(120_000));
    expect(await open()).toBe(address.id);
    const socket = path.join(gateway.harness.folder, 'sockets', reservation.socket, `${address.id}.kube.sock`);
    expect(await statusOf(socket, reservation.token)).toBe('401');

    const { token, grant } = await grants.issue(RUN, 600, reservation);
    expect({ token, socket: grant.socket }).toEqual(reservation);
    expect(await open()).toBe(address.id);
    expect(await statusOf(socket, token)).toBe('200');
    expect(await statusOf(socket, (await gateway.harness.grant()).token)).toBe('401');
    await expect
      .poll(async () => (await doorRecords.read(grant)).entries, PATIENCE)
      .toContainEqual(expect.objectContaining({ decision: 'denied', status: 401 }));
  });

  it('are confirmed for the run by a gateway that lives', async () => {
    const config = await configure();
    const [{ app, address: stopped }, { address: live }] = [
      await gateway.harness.start(config),
      await gateway.harness.start(config),
    ];
    const { grants, runSockets } = gateway.harness.state;
    const reservation = await grants.reserve(600);
    const gateways = [stopped.id, live.id];
    for (const id of gateways) await runSockets.open(reservation.socket, [id], AbortSignal.timeout(120_000));
    await app.stop();
    await grants.issue(RUN, 600, reservation);
    expect(await runSockets.open(reservation.socket, gateways, AbortSignal.timeout(120_000))).toBe(live.id);
  });

  it('are closed when the reservation is released', async () => {
    const { address } = await gateway.harness.start(await configure());
    const { grants, runSockets } = gateway.harness.state;
    const reservation = await grants.reserve(600);
    await runSockets.open(reservation.socket, [address.id], AbortSignal.timeout(120_000));
    await grants.release(reservation);
    const directories = async () => readdir(path.join(gateway.harness.folder, 'sockets'));
    await expect.poll(directories, PATIENCE).not.toContain(reservation.socket);
  });
});

it('what is no request that a door reads is refused, and recorded on the run', async () => {
  const { address } = await gateway.harness.start(await configure());
  const { grant, directory } = await gateway.harness.grantWithSockets([address]);
  const { doorRecords } = gateway.harness.state;
  const connectAuthority = 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n';
  const requests: [door: string, verb: string, text: string, status: number][] = [
    ['kube', 'malformed', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n', 400],
    ['kube', 'malformed', 'GET / HTTP/1.1\nHost: x\n\n', 400],
    ['kube', 'CONNECT', connectAuthority, 405],
    ['llm', 'malformed', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n', 400],
    ['llm', 'CONNECT', connectAuthority, 405],
  ];
  for (const [door, , text, status] of requests) {
    const file = path.join(directory, `${address.id}.${door}.sock`);
    const socket = door === 'kube' ? connectTls({ path: file, rejectUnauthorized: false }) : connect(file);
    socket.write(text);
    expect((await buffer(socket)).toString('latin1')).toMatch(`HTTP/1.1 ${status} `);
  }
  const recorded = async () => (await doorRecords.read(grant)).entries.map(({ door, verb }) => `${door} ${verb}`);
  await expect
    .poll(async () => (await recorded()).toSorted(), PATIENCE)
    .toEqual(requests.map(([door, verb]) => `${door} ${verb}`).toSorted());
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
    const { address } = await gateway.harness.start(await configure(), { times: TIMES });
    const run = await gateway.harness.grantWithSockets([address]);
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
