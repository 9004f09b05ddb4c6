import type { Grant } from '@nightcrier/core/gateway/grant';
import { silentLogger } from '@nightcrier/core/logger';
import { type Config, Settings } from '@nightcrier/core/settings/config';
import { kubeconfigYaml } from '@nightcrier/simulator/kubernetes/api/kubeconfig';
import type { GatewayAddress } from '@nightcrier/state/gateways/gateway-board';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { GatewayApp, type GatewayOptions } from '../src/app.ts';

type Triage = Partial<Config['clusters'][number]['triage']>;

/** Gateways with a Redis prefix, a folder and a socket directory of their own, for one cluster `alpha`. */
export class GatewayHarness {
  readonly folder: string;
  readonly key_prefix = randomUUID();
  readonly state: State;
  readonly #redisUrl: string;
  readonly #apps: GatewayApp[] = [];

  private constructor(folder: string, redisUrl: string, redis: State['redis']) {
    this.folder = folder;
    this.#redisUrl = redisUrl;
    this.state = openState(redis, { key_prefix: this.key_prefix, logger: silentLogger });
  }

  static async open(redisUrl: string): Promise<GatewayHarness> {
    const redis = connectProducer({ url: redisUrl, key_prefix: 'unused' }, silentLogger);
    await once(redis, 'ready');
    return new GatewayHarness(await mkdtemp(path.join(tmpdir(), 'gateway-')), redisUrl, redis);
  }

  /** Returns a configuration whose cluster `alpha` has this kubeconfig. */
  async config(kubeconfig: string, triage: Triage = {}, settings: z.input<typeof Settings> = {}): Promise<Config> {
    const file = path.join(this.folder, 'kubeconfig');
    await writeFile(file, kubeconfig);
    const parsed = Settings.parse({
      data_dir: path.join(this.folder, 'data'),
      redis: { url: this.#redisUrl, key_prefix: this.key_prefix },
      gateway_socket_dir: path.join(this.folder, 'sockets'),
      ...settings,
    });
    const cluster = { enabled: true, kubeconfig: file, allow_secrets_access: false, ...triage };
    return { ...parsed, clusters: [{ name: 'alpha', labels: {}, triage: cluster }] };
  }

  /** Starts a gateway in this process. */
  async start(
    config: Config,
    options: Pick<GatewayOptions, 'times'> = {},
  ): Promise<{ app: GatewayApp; address: GatewayAddress }> {
    const before = new Set((await this.state.gateways.live()).map(({ id }) => id));
    const app = new GatewayApp({ config, logger: silentLogger, ...options });
    this.#apps.push(app);
    await app.start();
    const address = (await this.state.gateways.live()).find(({ id }) => !before.has(id));
    if (!address) throw new Error('the gateway is not on the board');
    return { app, address };
  }

  /** Issues a grant for the first attempt of an incident. */
  async grant(changes: Partial<Grant> = {}, seconds = 600): Promise<{ token: string; grant: Grant }> {
    const run = { incident_id: randomUUID(), cluster: 'alpha', attempt: 1, agent: 'claude', ...changes };
    return this.state.grants.issue(run, seconds);
  }

  /** Issues a grant with sockets of its own, which a gateway opens. Returns the path of the kube door's socket of each gateway. */
  async grantWithSockets(gateways: GatewayAddress[]) {
    const run = { incident_id: randomUUID(), cluster: 'alpha', attempt: 1, agent: 'claude' };
    const { token, grant } = await this.state.grants.issue(run, 600, 'own_sockets');
    const ids = gateways.map(({ id }) => id);
    for (const id of ids) await this.state.runSockets.open(grant.socket ?? '', [id], AbortSignal.timeout(120_000));
    const directory = path.join(this.folder, 'sockets', grant.socket ?? '');
    return { token, grant, directory, sockets: ids.map((id) => path.join(directory, `${id}.kube.sock`)) };
  }

  /** Writes the kubeconfig of an agent for the loopback listener of a gateway. Returns its path. */
  async kubeconfigFor({ kube_url: server, ca }: GatewayAddress, token: string): Promise<string> {
    const file = path.join(this.folder, `kubeconfig-${randomUUID()}`);
    await writeFile(file, kubeconfigYaml({ name: 'alpha', server, ca }, token));
    return file;
  }

  async close(): Promise<void> {
    await Promise.all(this.#apps.map((app) => app.stop()));
    await disconnect(this.state.redis);
    await rm(this.folder, { recursive: true, force: true });
  }
}
