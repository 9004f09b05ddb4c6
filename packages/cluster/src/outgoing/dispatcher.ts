import { proxyFor } from '@nightcrier/core/settings/proxies';
import { Agent, Dispatcher, ProxyAgent } from 'undici';

/** Options of the connections; `connect` also holds the certificates. */
export type OutgoingOptions = Omit<Agent.Options, 'connect'> & {
  connect?: Exclude<Agent.Options['connect'], Function>;
};

/** Opens the connections of outgoing requests: directly, or through the proxy that the environment names for the address. */
export class OutgoingDispatcher extends Dispatcher {
  readonly #options: OutgoingOptions;
  readonly #direct: Agent;
  readonly #proxied = new Map<string, ProxyAgent>();
  /** The proxy of each origin, which does not change. */
  readonly #proxies = new Map<string, string | undefined>();

  constructor(options: OutgoingOptions = {}) {
    super();
    this.#options = options;
    this.#direct = new Agent(options);
  }

  /** Figures of the direct connections, by origin. */
  get stats(): Agent['stats'] {
    return this.#direct.stats;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const proxy = this.#proxyOf(options.origin);
    return (proxy === undefined ? this.#direct : this.#through(proxy)).dispatch(options, handler);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#direct.close(), ...[...this.#proxied.values()].map((agent) => agent.close())]);
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.#direct.destroy(), ...[...this.#proxied.values()].map((agent) => agent.destroy())]);
  }

  #proxyOf(origin: URL | string | undefined): string | undefined {
    const name = String(origin ?? '');
    if (origin === undefined || this.#proxies.has(name)) return this.#proxies.get(name);
    const proxy = proxyFor(new URL(origin));
    this.#proxies.set(name, proxy);
    return proxy;
  }

  #through(uri: string): ProxyAgent {
    const { connect = {}, ...options } = this.#options;
    const { timeout, keepAlive, keepAliveInitialDelay } = connect;
    // The certificates are those of the target; the proxy has its own.
    const toProxy = { timeout, keepAlive, keepAliveInitialDelay };
    const agent = this.#proxied.get(uri) ?? new ProxyAgent({ ...options, uri, proxyTls: toProxy, requestTls: connect });
    this.#proxied.set(uri, agent);
    return agent;
  }
}

let shared: OutgoingDispatcher | undefined;

/** Returns the dispatcher for requests of this process that need no options of their own, such as notifications. */
export function outgoing(): OutgoingDispatcher {
  shared ??= new OutgoingDispatcher();
  return shared;
}
