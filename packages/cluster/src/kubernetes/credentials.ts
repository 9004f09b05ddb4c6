import type { KubeConfig } from '@kubernetes/client-node';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { Agent, type Dispatcher } from 'undici';
import { rememberSecret } from '@nightcrier/core/settings/known-secrets';
import { boundCredentialCommands, credentialCommandProblem, NO_JSON, withoutKeys } from './credential-command.ts';
import { loadKubeconfig, type CurrentContext } from './kubeconfig.ts';
import { KubernetesError, reasonOf } from './kubernetes-error.ts';

/** What a request needs so that the API server takes it as the kubeconfig's user. */
export interface Authorization {
  headers: Record<string, string | string[]>;
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
  /** Of all contexts of the same cluster. */
  readonly contextNamespaces: readonly string[];
  readonly #kubeconfig: KubeConfig;
  readonly #impersonation: CurrentContext['impersonation'];
  readonly #command: string | undefined;
  #dispatcher: Dispatcher | undefined;
  #running: Promise<Authorization> | undefined;

  constructor({ kubeconfig, server, namespace, contextNamespaces, impersonation, command }: CurrentContext) {
    this.server = server;
    this.namespace = namespace;
    this.contextNamespaces = contextNamespaces;
    this.#kubeconfig = kubeconfig;
    this.#impersonation = impersonation;
    this.#command = command;
    boundCredentialCommands(kubeconfig);
  }

  /** Returns the error for credentials that were not there in time, which is not the API server's fault. */
  tooSlow(timeout: number): KubernetesError {
    const what =
      this.#command === undefined ? 'the kubeconfig' : `the credential command ${JSON.stringify(this.#command)}`;
    const message = `no credentials for ${this.server.origin}: ${what} gave none within ${timeout} ms; run it by hand`;
    return new KubernetesError('credentials', message);
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
      // Without the cause: it repeats what the command printed.
      const problem = this.#problemOf(error instanceof SyntaxError ? NO_JSON : reasonOf(error));
      throw new KubernetesError('credentials', `no credentials for ${this.server.origin}: ${problem}`);
    }
    rememberAuthorization(context.getHeaders());
    // client-node makes a new pool each time; one that was never asked for anything holds no connection.
    this.#dispatcher ??= context.getDispatcher() ?? new Agent();
    // A token file ends with a newline, which is not allowed in a header.
    const headers = Object.entries(context.getHeaders()).map(([name, value]) => [name, value.trim()]);
    return { headers: { ...Object.fromEntries(headers), ...this.#impersonation }, dispatcher: this.#dispatcher };
  }

  #problemOf(reason: string): string {
    if (this.#command !== undefined) return credentialCommandProblem(this.#command, reason);
    return `${withoutKeys(reason)}; check the token, key and CA files of the kubeconfig`;
  }
}

/** Errors of servers and libraries can repeat it. A token file with several lines is refused, and each line may be a token. */
function rememberAuthorization(headers: Record<string, string>): void {
  const sent = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  for (const word of sent.split(/\s+/).slice(1)) rememberSecret(word);
}

/** Credentials of the kubeconfig's current context, or of another one of it. @throws KubernetesError `kubeconfig` */
export async function loadCredentials(kubeconfigPath: string, context?: string): Promise<Credentials> {
  return new Credentials(await loadKubeconfig(kubeconfigPath, context));
}
