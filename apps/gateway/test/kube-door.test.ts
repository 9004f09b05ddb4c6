import { READ_ONLY_TOKEN } from '@nightcrier/simulator/simulated-cluster';
import { execa } from 'execa';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { get } from 'node:https';
import { readdir, rename, stat, writeFile } from 'node:fs/promises';
import { connect, type TLSSocket } from 'node:tls';
import { connect as connectSocket } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Callers } from '../src/doors/caller.ts';
import { useGateway } from './gateway-fixture.ts';

const ADMIN = 'simulated-admin-token';
const hasKubectl = !(await execa('kubectl', ['version', '--client'], { reject: false, stdio: 'ignore' })).failed;

const gateway = useGateway({ [ADMIN]: 'admin', [READ_ONLY_TOKEN]: 'read-only' }, (cluster) =>
  cluster.run('crash-loop-back-off', { namespace: 'shop', name: 'cart' }),
);

describe.skipIf(!hasKubectl)(`kubectl through the kube door${hasKubectl ? '' : ' (skipped: no kubectl)'}`, () => {
  async function agent(triage = {}) {
    const { address } = await gateway.harness.start(
      await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN), triage),
    );
    const { token, grant } = await gateway.harness.grant();
    const file = await gateway.harness.kubeconfigFor(address, token);
    const kubectl = (command: string) =>
      execa(
        'kubectl',
        ['--kubeconfig', file, '--cache-dir', path.join(gateway.harness.folder, 'cache'), ...command.split(' ')],
        {
          reject: false,
          all: true,
          timeout: 120_000,
        },
      );
    return { kubectl, grant };
  }

  it('reads: get, describe, logs, events, explain, api-resources, auth can-i, wide, JSON, all namespaces', async () => {
    const { kubectl, grant } = await agent();
    const pods = (await kubectl('get pods -n shop -o name')).stdout;
    const pod = pods.split('\n').find((name) => name.startsWith('pod/cart-')) ?? '';
    expect(pod).toMatch(/^pod\/cart-/);
    for (const [command, text] of [
      ['get pods -A -o wide', 'cart-'],
      ['get deployments -n shop -o json', '"kind": "Deployment"'],
      [`get ${pod} -n shop -o yaml`, 'restartCount'],
      [`describe ${pod} -n shop`, 'Back-off restarting'],
      [`logs ${pod} -n shop --tail=5`, ''],
      [`logs ${pod} -n shop --previous --since=1h`, ''],
      ['events -n shop', 'BackOff'],
      ['api-resources', 'deployments'],
      ['api-versions', 'apps/v1'],
      ['version -o json', 'serverVersion'],
      ['auth can-i get pods', 'yes'],
      ['auth can-i --list', 'Resources'],
      ['cluster-info', 'is running at'],
    ]) {
      const { exitCode, all } = await kubectl(command ?? '');
      expect.soft(all, command).toContain(text);
      expect.soft(exitCode, `${command}: ${all}`).toBe(0);
    }
    await expect
      .poll(async () => (await gateway.harness.state.doorRecords.read(grant)).summary, { timeout: 30_000 })
      .toMatchObject({ kube_denied: 0 });
    const { entries } = await gateway.harness.state.doorRecords.read(grant);
    expect(entries.find(({ verb }) => verb === 'log')).toMatchObject({
      door: 'kube',
      decision: 'allowed',
      status: 200,
    });
  });

  it('keeps what was read, redacted and bounded, so that quotes can be looked up', async () => {
    const { kubectl, grant } = await agent();
    await kubectl('get pods -n shop');
    await kubectl('get deployments -n shop -o json');
    const answers = async (): Promise<string> => (await gateway.harness.state.doorRecords.answers(grant)).join('\n');
    await expect.poll(answers, { timeout: 30_000 }).toContain('"kind":"Deployment"');
    expect(await answers()).toContain('"cells":["cart-');
    for (let at = 0; at < 30; at += 1) await gateway.harness.state.doorRecords.addAnswer(grant, `answer ${at}`);
    expect(await gateway.harness.state.doorRecords.answers(grant)).toHaveLength(24);
    expect(await answers()).toContain('answer 29');
  });

  it('follows a log to its end', async () => {
    const { kubectl } = await agent();
    const [pod = ''] = (await kubectl('get pods -n shop -o name')).stdout.split('\n');
    const { exitCode, all } = await kubectl(`logs ${pod} -n shop --follow --tail=3`);
    expect(exitCode).toBe(0);
    expect(all?.split('\n')).toHaveLength(3);
  });

  it('explains resources and shows their usage: top, explain', async () => {
    const upstream = await startUpstream((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://x');
      const body = METRICS_SERVER[pathname];
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
    });
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token, grant } = await gateway.harness.grant();
      const flags = [
        '--kubeconfig',
        await gateway.harness.kubeconfigFor(address, token),
        '--cache-dir',
        path.join(gateway.harness.folder, 'cache'),
      ];
      const kubectl = async (command: string) =>
        (await execa('kubectl', [...flags, ...command.split(' ')], { timeout: 120_000 })).stdout;
      expect(await kubectl('top pods -n shop')).toMatch(/cart\s+250m\s+64Mi/);
      expect(await kubectl('explain pods')).toContain('A group of containers.');
      const { summary } = await gateway.harness.state.doorRecords.read(grant);
      expect(summary.kube_denied).toBe(0);
    } finally {
      await upstream.stop();
    }
  });

  it('writes nothing, reads no Secret, and prints why', async () => {
    const { kubectl, grant } = await agent();
    const before = gateway.cluster.kubernetesRequests.length;
    for (const command of [
      'delete pods --all -n shop',
      'scale deployment/cart -n shop --replicas=0',
      'annotate deployment/cart -n shop a=b',
      'run x --image=x',
      'create serviceaccount x',
      'taint nodes node-1 a=b:NoSchedule',
      'get secrets -A',
      'get configmaps -A',
      'get --raw /metrics',
      'get pods --as=system:admin',
      'create token default',
      'exec -n shop deploy/cart -- id',
      'port-forward -n shop deploy/cart 8080:80',
    ]) {
      const { exitCode, all } = await kubectl(command);
      expect.soft(exitCode, command).not.toBe(0);
      expect.soft(all, command).toMatch(/nightcrier allows agents only to read alpha|unable to upgrade/);
    }
    const writes = gateway.cluster.kubernetesRequests.slice(before).filter(({ method }) => method !== 'GET');
    expect(writes).toEqual([]);
    await expect
      .poll(async () => (await gateway.harness.state.doorRecords.read(grant)).summary.kube_denied, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(13);
  });

  it('reads Secrets where the cluster has allow_secrets_access', async () => {
    const { kubectl } = await agent({ allow_secrets_access: true });
    expect((await kubectl('get secrets -A')).exitCode).toBe(0);
    // What `helm list` asks.
    const releases = '/api/v1/namespaces/shop/secrets?labelSelector=owner%3Dhelm%2Cstatus+in+%28deployed%29';
    expect((await kubectl(`get --raw ${releases}`)).stdout).toContain('"kind":"SecretList"');
  });
});

describe('the kube door', () => {
  const curl = ['--silent', '--insecure', '--max-time', '60', '--path-as-is'];
  const bearer = (token: string): string[] => ['--header', `Authorization: Bearer ${token}`];

  async function ask(url: string, token: string, { path: target = '/api/v1/pods', headers = {} } = {}) {
    const extra = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${String(value)}`]);
    const code = ['--write-out', '\n%{http_code}'];
    const { stdout } = await execa('curl', curl.concat(code, bearer(token), extra, `${url}${target}`));
    const at = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(at + 1)), body: stdout.slice(0, at) };
  }

  it('refuses an unknown, a revoked and an expired token', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const { token, grant } = await gateway.harness.grant();
    const { token: short } = await gateway.harness.grant({}, 0.05);
    expect(await ask(address.kube_url, token)).toMatchObject({ status: 200 });
    for (const wrong of ['', 'x', 'x'.repeat(43), gateway.cluster.kubeconfig(ADMIN).slice(0, 43)]) {
      expect(await ask(address.kube_url, wrong.replaceAll(/\s/g, ''))).toMatchObject({ status: 401 });
    }
    await expect.poll(() => ask(address.kube_url, short), { timeout: 30_000 }).toMatchObject({ status: 401 });
    expect(await gateway.harness.state.grants.revoke(grant.incident_id)).toBe(1);
    expect(await ask(address.kube_url, token)).toMatchObject({ status: 401 });
  });

  const through = (socket: string) => ['--unix-socket', socket];
  const statusOf = async (socket: string, token: string): Promise<string> => {
    const all = [...curl, ...through(socket), ...bearer(token), '--output', '/dev/null', '--write-out', '%{http_code}'];
    return (await execa('curl', [...all, 'https://127.0.0.1/api/v1/pods'], { reject: false })).stdout;
  };

  it('takes the token of a run on the sockets of this run alone, and records attempts with another', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const [one, other] = [
      await gateway.harness.grantWithSockets([address]),
      await gateway.harness.grantWithSockets([address]),
    ];
    const { token: ofScript } = await gateway.harness.grant();
    const [socket = '', foreign = ''] = [...one.sockets, ...other.sockets];
    expect(await statusOf(socket, one.token)).toBe('200');
    expect(await statusOf(foreign, one.token)).toBe('401');
    expect(await statusOf(socket, ofScript)).toBe('401');
    expect(await statusOf(path.join(address.socket_dir, `${address.id}.kube.sock`), one.token)).toBe('401');
    expect(await ask(address.kube_url, one.token)).toMatchObject({ status: 401 });
    expect(await ask(address.kube_url, ofScript)).toMatchObject({ status: 200 });
    await expect
      .poll(async () => (await gateway.harness.state.doorRecords.read(other.grant)).entries, { timeout: 30_000 })
      .toMatchObject([{ decision: 'denied', status: 401, reason: expect.stringContaining('another run') }]);
  });

  it('listens for a run at every gateway, also at one that starts later, until the run has ended', async () => {
    const config = await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN));
    const [first, second] = [await gateway.harness.start(config), await gateway.harness.start(config)];
    const { token, grant, sockets, directory } = await gateway.harness.grantWithSockets([
      first.address,
      second.address,
    ]);
    for (const socket of sockets) expect(await statusOf(socket, token)).toBe('200');
    const { address: later } = await gateway.harness.start(config);
    expect(await statusOf(path.join(directory, `${later.id}.kube.sock`), token)).toBe('200');
    await first.app.stop();
    expect((await readdir(directory)).filter((name) => name.startsWith(first.address.id))).toEqual([]);
    await gateway.harness.state.grants.revoke(grant.incident_id);
    await expect.poll(() => readdir(directory).catch(() => 'gone'), { timeout: 30_000 }).toBe('gone');
    expect(await gateway.harness.state.runSockets.list()).toEqual(new Map());
  });

  it('stores no token', async () => {
    const { token, grant } = await gateway.harness.grant();
    const keys = await gateway.harness.state.redis.keys(`*${gateway.harness.key_prefix}*`);
    const texts = await Promise.all(keys.map(async (key) => gateway.harness.state.redis.dump(key)));
    expect(keys.length).toBeGreaterThan(0);
    expect(JSON.stringify([keys, texts.map(String), grant])).not.toContain(token);
  });

  it('ends a watch when the grant is revoked', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const { token, grant } = await gateway.harness.grant();
    const file = await gateway.harness.kubeconfigFor(address, token);
    const watch = execa('kubectl', ['--kubeconfig', file, 'get', 'pods', '-A', '--watch', '-o', 'name'], {
      reject: false,
    });
    let revoked = 0;
    // Ends when kubectl does.
    for await (const line of watch) {
      expect(line).toMatch(/^pod\//);
      revoked += await gateway.harness.state.grants.revoke(grant.incident_id);
    }
    expect(revoked).toBe(1);
    await expect
      .poll(async () => (await gateway.harness.state.doorRecords.read(grant)).entries, { timeout: 30_000 })
      .toContainEqual(expect.objectContaining({ verb: 'GET', decision: 'failed', reason: 'the grant has ended' }));
  }, 180_000);

  it('redacts values of variables, and of what kubectl apply has stored, also in a watch and a table', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'leaky',
        namespace: 'shop',
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{"kind":"Secret","data":{"a":"c2VjcmV0LW9mLWFwcGx5"}}',
        },
      },
      spec: { containers: [{ name: 'app', image: 'x', env: [{ name: 'DB_PASSWORD', value: 'hunter2-of-env' }] }] },
      status: {},
    };
    const upstream = await startUpstream((request, response) => {
      const isWatch = request.url?.includes('watch=');
      const isTable = request.headers.accept?.includes('as=Table');
      const table = {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        columnDefinitions: [],
        rows: [{ cells: [], object: pod }],
      };
      response.setHeader('content-type', 'application/json');
      if (!isWatch) return response.end(JSON.stringify(isTable ? table : pod));
      const line = `${JSON.stringify({ type: 'ADDED', object: pod })}\n`;
      // A chunk ends within a character and within a line.
      response.write(line.slice(0, 100));
      return response.end(line.slice(100));
    });
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token, grant } = await gateway.harness.grant();
      const Accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      for (const [target, headers] of [
        ['/api/v1/namespaces/shop/pods/leaky', {}],
        ['/api/v1/namespaces/shop/pods/leaky', { Accept }],
        ['/api/v1/pods?watch=true', {}],
      ] as const) {
        const { status, body } = await ask(address.kube_url, token, { path: target, headers });
        expect(status).toBe(200);
        expect(body).toContain('leaky');
        expect(body).not.toMatch(/hunter2|c2VjcmV0/);
      }
      expect(upstream.accepts.every((accept) => accept.startsWith('application/json'))).toBe(true);
      const answers = async (): Promise<string> => (await gateway.harness.state.doorRecords.answers(grant)).join('\n');
      await expect.poll(answers, { timeout: 30_000 }).toContain('leaky');
      expect(await answers()).not.toMatch(/hunter2|c2VjcmV0/);
    } finally {
      await upstream.stop();
    }
  });

  it.each([
    ['a redirect', 302, { location: 'http://169.254.169.254/' }, 'not followed'],
    ['an encoding that was not asked for', 200, { 'content-encoding': 'gzip' }, 'encoding'],
    ['protobuf, which cannot be redacted', 200, { 'content-type': 'application/vnd.kubernetes.protobuf' }, 'redacted'],
  ])('passes on no answer with %s', async (_, status, headers, text) => {
    const upstream = await startUpstream((_request, response) => response.writeHead(status, headers).end('{}'));
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token } = await gateway.harness.grant();
      const answer = await ask(address.kube_url, token);
      expect(answer.status).toBe(502);
      expect(answer.body).toContain(text);
    } finally {
      await upstream.stop();
    }
  });

  it.each([
    [200, 'application/json', '{}', '/version'],
    [500, 'text/plain', 'password=hunter2hunter2', '/version'],
    [200, 'application/json', '{"gitVersion":"password=hunter2hunter2"}', '/version'],
  ])('redacts warnings, texts of errors and the version: %i %s %s', async (status, type, text, target) => {
    const headers = { 'content-type': type, warning: '299 - "password=hunter2hunter2"' };
    const upstream = await startUpstream((_request, response) => response.writeHead(status, headers).end(text));
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token } = await gateway.harness.grant();
      const flags = curl.concat('--include', bearer(token), `${address.kube_url}${target}`);
      const answer = (await execa('curl', flags)).stdout;
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toMatch(/^warning: 299 - "password=\[redacted\]"/im);
      expect(answer).not.toContain('hunter2');
    } finally {
      await upstream.stop();
    }
  });

  it('reads no more of an answer with objects than 32 MiB, and answers the next request', async () => {
    const part = Buffer.alloc(1024 * 1024, ' ');
    const upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const parts = request.url?.includes('pods') ? 40 : 0;
      Readable.from(Array.from({ length: parts }, () => part).concat(Buffer.from('{}'))).pipe(response);
    });
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token } = await gateway.harness.grant();
      const { status, body } = await ask(address.kube_url, token);
      expect(status).toBe(413);
      expect(body).toContain('name a namespace, a selector or a limit');
      expect(await ask(address.kube_url, token, { path: '/api/v1/nodes' })).toMatchObject({ status: 200, body: '{}' });
    } finally {
      await upstream.stop();
    }
  });

  it('holds few large answers of a run that it does not read in memory, and serves its small ones', async () => {
    let sent = 0;
    const upstream = await startUpstream((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (request.url?.includes('nodes')) return response.end('{}');
      response.once('finish', () => {
        sent += 1;
      });
      const part = Buffer.alloc(1024 * 1024, ' ');
      return Readable.from(Array.from({ length: 24 }, () => part).concat(Buffer.from('{}'))).pipe(response);
    });
    try {
      const { address } = await gateway.harness.start(
        await gateway.harness.config(upstream.kubeconfig, { allow_secrets_access: true }),
      );
      const { token } = await gateway.harness.grant();
      const { port } = new URL(address.kube_url);
      const clients = Array.from({ length: 6 }, () => {
        const client = connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false });
        client.pause();
        client.write(`GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
        return client.on('error', () => undefined);
      });
      await expect.poll(() => sent, { timeout: 60_000 }).toBe(2);
      for (let request = 0; request < 5; request += 1) {
        expect(await ask(address.kube_url, token, { path: '/api/v1/nodes' })).toMatchObject({ status: 200 });
      }
      expect(sent).toBe(2);
      for (const client of clients) client.resume();
      await expect.poll(() => sent, { timeout: 60_000 }).toBe(6);
      for (const client of clients) client.destroy();
    } finally {
      await upstream.stop();
    }
  });

  it('uses the token of a kubeconfig that is replaced, with the next request', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = await startUpstream((request, response) => {
      seen.push(request.headers.authorization);
      response.setHeader('content-type', 'application/json');
      return response.end('{"kind":"PodList","items":[]}');
    });
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token } = await gateway.harness.grant();
      await ask(address.kube_url, token);
      const [file, draft] = [
        path.join(gateway.harness.folder, 'kubeconfig'),
        path.join(gateway.harness.folder, 'draft'),
      ];
      await writeFile(draft, upstream.kubeconfig.replace('upstream-token', 'renewed-token'));
      await rename(draft, file);
      await ask(address.kube_url, token);
      expect(seen).toEqual(['Bearer upstream-token', 'Bearer renewed-token']);
    } finally {
      await upstream.stop();
    }
  });

  it('sends the API server its own headers only', async () => {
    const seen: Record<string, unknown>[] = [];
    const upstream = await startUpstream((request, response) => {
      seen.push(request.headers);
      response.setHeader('content-type', 'application/json');
      return response.end('{"kind":"PodList","items":[]}');
    });
    try {
      const { address } = await gateway.harness.start(await gateway.harness.config(upstream.kubeconfig));
      const { token } = await gateway.harness.grant();
      const headers = { 'X-Forwarded-For': '1.1.1.1', Cookie: 'a=b', Forwarded: 'for=x', Origin: 'http://x' };
      expect(await ask(address.kube_url, token, { headers })).toMatchObject({ status: 200 });
      expect(Object.keys(seen[0] ?? {}).toSorted()).toEqual([
        'accept',
        'authorization',
        'connection',
        'host',
        'user-agent',
      ]);
      expect(seen[0]?.authorization).toBe('Bearer upstream-token');
    } finally {
      await upstream.stop();
    }
  });

  it.each([
    ['two lengths', 'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n'],
    [
      'a length and chunks',
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nHost: x\r\nAUTH\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nDELETE /api/v1/namespaces/shop HTTP/1.1\r\nHost: x\r\nAUTH\r\n\r\n',
    ],
    ['chunks', 'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\nX-A: b\r\n Impersonate-User: admin\r\n\r\n'],
    ['a space before the colon', 'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\nImpersonate-User : admin\r\n\r\n'],
    ['no host', 'GET /api/v1/pods HTTP/1.1\r\nAUTH\r\n\r\n'],
    ['HTTP/2 from the start', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT', 'CONNECT 10.0.0.1:443 HTTP/1.1\r\nHost: 10.0.0.1\r\nAUTH\r\n\r\n'],
    ['an upgrade', 'GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['an address of another server', 'GET http://10.0.0.1/api/v1/pods HTTP/1.1\r\nHost: x\r\nAUTH\r\n\r\n'],
    ['a NUL', 'GET /api/v1/pods\0 HTTP/1.1\r\nHost: x\r\nAUTH\r\n\r\n'],
  ])('sends nothing on for a request with %s', async (_, text) => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const { token } = await gateway.harness.grant();
    const before = gateway.cluster.kubernetesRequests.length;
    const answer = await raw(address.kube_url, text.replaceAll('AUTH', `Authorization: Bearer ${token}`));
    expect(answer).not.toMatch(/^HTTP\/1.1 (?:1|2|3)/);
    expect(gateway.cluster.kubernetesRequests.slice(before)).toEqual([]);
  });

  it('bounds the requests of a run at once, and returns Retry-After', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const { token } = await gateway.harness.grant();
    const headers = { authorization: `Bearer ${token}` };
    // They stay open, however long it takes to send them all.
    const watches = Array.from({ length: 70 }, () =>
      get(`${address.kube_url}/api/v1/pods?watch=true`, { headers, rejectUnauthorized: false, agent: false }),
    );
    const answers = await Promise.all(
      watches.map(async (watch) => {
        const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
        watch.on('response', resolve).on('error', reject);
        const answer = await promise;
        return { status: answer.statusCode, retryAfter: answer.headers['retry-after'] };
      }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(64);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toEqual(Array.from({ length: 6 }, () => ({ status: 429, retryAfter: '1' })));
    for (const watch of watches) watch.destroy();
    await expect.poll(() => ask(address.kube_url, token), { timeout: 30_000 }).toMatchObject({ status: 200 });
  });

  it('bounds the rate of the requests of a run', async () => {
    const callers = new Callers(gateway.harness.state.grants);
    const { token } = await gateway.harness.grant();
    const enter = async (now: number): Promise<string> => {
      const entrance = await callers.enter(token, undefined, now);
      if (entrance.kind === 'entered') entrance.leave();
      return entrance.kind;
    };
    for (let at = 0; at < 400; at += 1) expect(await enter(0)).toBe('entered');
    expect(await enter(0)).toBe('busy');
    expect(await enter(1_000)).toBe('entered');
    callers.stop();
  });

  it('bounds tokens that are guessed, for the run that guesses alone', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const [one, other] = [
      await gateway.harness.grantWithSockets([address]),
      await gateway.harness.grantWithSockets([address]),
    ];
    const [socket = '', foreign = ''] = [...one.sockets, ...other.sockets];
    expect(await statusOf(socket, one.token)).toBe('200');
    const guess = [...curl, ...through(socket), '--output', '/dev/null', '--write-out', '%{http_code}\n'];
    const guesses = Array.from({ length: 400 }, (_, index) => [
      ...(index === 0 ? [] : ['--next']),
      ...guess,
      ...bearer(`guess-${index}`),
      'https://127.0.0.1/api/v1/pods',
    ]).flat();
    const { stdout } = await execa('curl', ['--parallel', '--parallel-max', '20', ...guesses], { reject: false });
    const statuses = stdout.trim().split('\n');
    expect(statuses).toContain('429');
    expect(await statusOf(socket, one.token)).toBe('200');
    expect(await statusOf(foreign, other.token)).toBe('200');
    const recorded = async (): Promise<number> =>
      (await gateway.harness.state.doorRecords.read(one.grant)).entries.filter(({ status }) => status === 401).length;
    const refused = statuses.filter((status) => status === '401').length;
    expect(refused).toBeGreaterThanOrEqual(100);
    await expect.poll(recorded, { timeout: 30_000 }).toBeGreaterThanOrEqual(refused);
    expect(await recorded()).toBeLessThan(400);
  });

  it('serves other runs while one holds more connections than it may, which send nothing', async () => {
    const { address } = await gateway.harness.start(await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN)));
    const [one, other] = [
      await gateway.harness.grantWithSockets([address]),
      await gateway.harness.grantWithSockets([address]),
    ];
    const [socket = '', foreign = ''] = [...one.sockets, ...other.sockets];
    const idle = Array.from({ length: 300 }, () => connectSocket(socket).on('error', () => undefined));
    const closed = (): number => idle.filter(({ closed: over }) => over).length;
    for (const connection of idle) connection.resume();
    await expect.poll(closed, { timeout: 30_000 }).toBeGreaterThanOrEqual(300 - 128);
    expect(await statusOf(foreign, other.token)).toBe('200');
    for (const connection of idle) connection.destroy();
    await expect.poll(() => statusOf(socket, one.token), { timeout: 30_000 }).toBe('200');
  });

  it('gateways of a machine share their authority; sockets of killed ones are removed', async () => {
    const config = await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN));
    const [one, other] = [await gateway.harness.start(config), await gateway.harness.start(config)];
    expect(one.address.ca).toBe(other.address.ca);
    const { token } = await gateway.harness.grant();
    const file = await gateway.harness.kubeconfigFor(one.address, token);
    await one.app.stop();
    expect((await gateway.harness.state.gateways.live()).map(({ id }) => id)).toEqual([other.address.id]);
    const { stdout } = await execa('kubectl', [
      '--kubeconfig',
      file,
      '--server',
      other.address.kube_url,
      'get',
      'pods',
      '-A',
    ]);
    expect(stdout).toContain('cart-');
    const names = await readdir(path.join(gateway.harness.folder, 'sockets'));
    expect(names.toSorted()).toEqual([`${other.address.id}.kube.sock`, `${other.address.id}.llm.sock`]);
    const { mode } = await stat(path.join(gateway.harness.folder, 'data/gateway/authority.pem'));
    expect(mode & 0o777).toBe(0o600);
  });
});

const LISTED = { namespaced: true, singularName: '', verbs: ['get', 'list'] };
/** What kubectl asks of an API server with a metrics server. */
const METRICS_SERVER: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'metrics.k8s.io',
        versions: [{ groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' }],
        preferredVersion: { groupVersion: 'metrics.k8s.io/v1beta1', version: 'v1beta1' },
      },
    ],
  },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ ...LISTED, name: 'pods', kind: 'Pod', shortNames: ['po'] }],
  },
  '/apis/metrics.k8s.io/v1beta1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'metrics.k8s.io/v1beta1',
    resources: [{ ...LISTED, name: 'pods', kind: 'PodMetrics' }],
  },
  '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods': {
    kind: 'PodMetricsList',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: {},
    items: [
      {
        metadata: { name: 'cart', namespace: 'shop' },
        timestamp: '2026-01-01T00:00:00Z',
        window: '30s',
        containers: [{ name: 'app', usage: { cpu: '250m', memory: '64Mi' } }],
      },
    ],
  },
  '/openapi/v3': { paths: { 'api/v1': { serverRelativeURL: '/openapi/v3/api/v1?hash=A' } } },
  '/openapi/v3/api/v1': {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: {
      '/api/v1/namespaces/{namespace}/pods': {
        get: {
          'x-kubernetes-action': 'list',
          'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'Pod' },
          responses: {},
        },
      },
    },
    components: {
      schemas: {
        'io.k8s.api.core.v1.Pod': {
          type: 'object',
          description: 'A group of containers.',
          properties: { kind: { type: 'string', description: 'x' } },
          'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'Pod' }],
        },
      },
    },
  },
};

/** Sends bytes as they are over TLS, and returns what comes back. */
async function raw(url: string, text: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket: TLSSocket = connect({ host, port: Number(port), rejectUnauthorized: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
    if (answer.includes('\r\n\r\n')) socket.end();
  });
  socket.once('close', () => resolve()).once('error', () => resolve());
  socket.write(text);
  await promise;
  return answer;
}

/** A stand-in for an API server with scripted answers, to show that answers are not trusted. */
async function startUpstream(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const accepts: string[] = [];
  const server = createServer((request, response) => {
    accepts.push(request.headers.accept ?? '');
    answer(request, response);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    accepts,
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'x', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'x', user: { token: 'upstream-token' } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      'current-context': 'x',
    }),
    async stop() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
