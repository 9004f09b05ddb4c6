import { execa } from 'execa';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { useGateway } from './gateway-fixture.ts';

const ADMIN = 'simulated-admin-token';
const whyNot = (await execa('helm', ['version'], { reject: false, stdio: 'ignore' })).failed ? 'no helm' : undefined;

/** A release as helm stores it: JSON, compressed, in base64, in a Secret, whose values are in base64 again. */
const RELEASE = {
  name: 'cart',
  namespace: 'shop',
  version: 3,
  info: {
    status: 'deployed',
    first_deployed: '2026-01-01T00:00:00Z',
    last_deployed: '2026-01-02T00:00:00Z',
    description: 'Upgrade complete',
    notes: 'The cart is served at /cart.',
  },
  chart: {
    metadata: { apiVersion: 'v2', name: 'cart-chart', version: '1.4.2', appVersion: '7.0' },
    templates: [],
    values: { replicas: 1 },
  },
  config: { replicas: 5 },
  manifest: '---\napiVersion: v1\nkind: Service\nmetadata:\n  name: cart\n',
};
const SECRET = {
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'helm.sh/release.v1',
  metadata: {
    name: 'sh.helm.release.v1.cart.v3',
    namespace: 'shop',
    labels: { owner: 'helm', name: 'cart', status: 'deployed', version: '3' },
  },
  data: {
    release: Buffer.from(gzipSync(JSON.stringify(RELEASE)).toString('base64')).toString('base64'),
  },
};

describe.skipIf(whyNot)(`helm through the kube door${whyNot ? ` (skipped: ${whyNot})` : ''}`, () => {
  const gateway = useGateway({ [ADMIN]: 'admin' }, (cluster) =>
    cluster.run('crash-loop-back-off', { namespace: 'shop', name: 'cart' }),
  );

  async function agent(triage: { allow_secrets_access: boolean }) {
    const { address } = await gateway.harness.start(
      await gateway.harness.config(gateway.cluster.kubeconfig(ADMIN), triage),
    );
    const { token, grant } = await gateway.harness.grant();
    const file = await gateway.harness.kubeconfigFor(address, token);
    const home = path.join(gateway.harness.folder, 'home');
    const helm = (command: string) =>
      execa('helm', ['--kubeconfig', file, ...command.split(' ')], {
        env: { HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
        reject: false,
        all: true,
        timeout: 60_000,
      });
    return { helm, grant };
  }

  it('lists and gets releases where the cluster has allow_secrets_access, and changes none', async () => {
    const admin = path.join(gateway.harness.folder, 'admin');
    await writeFile(admin, gateway.cluster.kubeconfig(ADMIN));
    const create = ['--kubeconfig', admin, 'create', '--validate=false', '-f', '-'];
    await execa('kubectl', create, { input: JSON.stringify(SECRET) });
    const { helm, grant } = await agent({ allow_secrets_access: true });
    for (const [command, text] of [
      ['list -A', /cart\s+shop\s+3\s.*deployed\s+cart-chart-1\.4\.2\s+7\.0/],
      ['list -n shop -o json', /"name":\s*"cart"/],
      ['get values cart -n shop', /replicas: 5/],
      ['get manifest cart -n shop', /kind: Service/],
      ['get notes cart -n shop', /The cart is served/],
      ['get all cart -n shop', /replicas: 5/],
      ['history cart -n shop', /Upgrade complete/],
    ] as const) {
      const { exitCode, all } = await helm(command);
      expect.soft(all, command).toMatch(text);
      expect.soft(exitCode, `${command}: ${all}`).toBe(0);
    }
    const changes = await helm('uninstall cart -n shop');
    expect(changes.exitCode).not.toBe(0);
    expect((await helm('list -n shop -q')).stdout).toBe('cart');
    const { summary } = await gateway.harness.state.doorRecords.read(grant);
    expect(summary.kube_requests).toBeGreaterThan(7);
    expect(summary.kube_denied).toBeGreaterThan(0);
  });

  it('reads no release without it, and prints why', async () => {
    const { helm } = await agent({ allow_secrets_access: false });
    const { exitCode, all } = await helm('list -A');
    expect(exitCode).not.toBe(0);
    expect(all).toContain('allow_secrets_access');
  });
});
