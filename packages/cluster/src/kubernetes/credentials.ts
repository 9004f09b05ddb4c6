import type { KubeConfig } from '@kubernetes/client-node';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { Agent, type Dispatcher } from 'undici';
import { loadKubeconfig, type CurrentContext } from './kubeconfig.ts';
import { KubernetesError, reasonOf } from './kubernetes-error.ts';

/** What a request needs so that the API server takes it as the kubeconfig's user. */
export interface Authorization {
  headers: Record<string, string>;
  /** Connections with the kubeconfig's CA, client certificate and proxy. */
  dispatcher: Dispatcher;
}

/**
 * How to be the user of a kubeconfig's current context. client-node does the work (client certificates, tokens, exec
 * plug-ins, OIDC, proxies); this class keeps one connection pool, and one running plug-in for all who wait for it.
 * Client certificates that a plug-in renews are not taken up: load anew from time to time, see `KubernetesClients`.
 */
export class Credentials {
  readonly server: URL;
  /** Of the context, else `default`. */
  readonly namespace: string;
  readonly #kubeconfig: KubeConfig;
  #dispatcher: Dispatcher | undefined;
  #running: Promise<Authorization> | undefined;

  constructor({ kubeconfig, server, namespace }: CurrentContext) {
    this.server = server;
    this.namespace = namespace;
    this.#kubeconfig = kubeconfig;
  }

  /** Headers and connections for a request. @throws KubernetesError `credentials` */
  async authorize(): Promise<Authorization> {
    this.#running ??= this.#apply().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
  }

  async #apply(): Promise<Authorization> {
    const context = new RequestContext(this.server.href, HttpMethod.GET);
    try {
      await this.#kubeconfig.applySecurityAuthentication(context);
    } catch (error) {
      throw new KubernetesError(
        'credentials',
        `no credentials for ${this.server.origin} (${reasonOf(error)}); check the kubeconfig's credential command and its token, key and CA files`,
        { cause: error },
      );
    }
    // client-node makes a new pool each time; one that was never asked for anything holds no connection.
    this.#dispatcher ??= context.getDispatcher() ?? new Agent();
    // A token file ends with a newline, which is not allowed in a header.
    const headers = Object.entries(context.getHeaders()).map(([name, value]) => [name, value.trim()]);
    return { headers: Object.fromEntries(headers), dispatcher: this.#dispatcher };
  }
}

/** Credentials of the kubeconfig's current context. @throws KubernetesError `kubeconfig` */
export async function loadCredentials(kubeconfigPath: string): Promise<Credentials> {
  return new Credentials(await loadKubeconfig(kubeconfigPath));
}
