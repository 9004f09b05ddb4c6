import { silentLogger, type Logger } from '@nightcrier/core/logger';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { type AppliedScenario, applyScenario, playScenario } from './apply-scenario.ts';
import { HttpListener } from './http-listener.ts';
import { rulesOf, type AccessRule, type RoleName } from './kubernetes/access/access-rules.ts';
import { ApiServer, type RecordedRequest } from './kubernetes/api/api-server.ts';
import { createCertificate, type Certificate } from './kubernetes/api/certificate.ts';
import { kubeconfigYaml } from './kubernetes/api/kubeconfig.ts';
import type { KubernetesObject } from './kubernetes/objects/kubernetes-object.ts';
import { ObjectStore } from './kubernetes/objects/object-store.ts';
import { PodLogs } from './kubernetes/api/pod-log.ts';
import { typeOf } from './kubernetes/objects/resource-types.ts';
import { Users } from './kubernetes/access/users.ts';
import { Informers } from './mcp/informers.ts';
import { McpEndpoint, type RecordedCall } from './mcp/mcp-endpoint.ts';
import { readTools } from './mcp/read-tools.ts';
import { ServerAccount } from './mcp/server-account.ts';
import { loadScenario, type Scenario } from './scenario.ts';

export interface SimulatedClusterOptions {
  name: string;
  /** Address to listen on. */
  host?: string;
  /** Host in the URLs for clients, if it differs from the listen address, for example for containers. */
  advertiseHost?: string;
  /** 0: a free port. */
  mcpPort?: number;
  kubernetesPort?: number;
  /** Serves the Kubernetes API over TLS with a self-signed certificate, which is in the kubeconfig. */
  tls?: boolean;
  /** Role or rules of each bearer token. The first token is the default of `kubeconfig()`. */
  users?: Record<string, RoleName | readonly AccessRule[]>;
  /**
   * false: a stock kubernetes-mcp-server, without the subscription tools and with structured content. Default: the
   * event-emitting server, whose answers are text only.
   */
  eventsTools?: boolean;
  /** Whether the MCP server lists in pages where it is asked to. Default: false, as no real one does. */
  listPages?: boolean;
  /** Role of service accounts by `namespace/name`, for which tokens can be requested. */
  serviceAccounts?: Record<string, RoleName>;
  /** The MCP server runs with `--disable-multi-cluster`: it calls the cluster '', else by its kubeconfig's context. */
  disableMultiCluster?: boolean;
  /** What the MCP server's own account may read; everything unless it says otherwise. */
  mcpRole?: RoleName | readonly AccessRule[];
  /** If set, the MCP endpoint requires `Authorization: Bearer <this>`. */
  bearerToken?: string;
  logger?: Logger;
}

/** Overrides where a scenario runs. */
export interface RunOptions {
  namespace?: string;
  /** Name of the workload. */
  name?: string;
  /** Another value gives other pods and uids, as a new rollout would. The same values give the same fault. */
  instance?: string;
  /** How much faster than in a real cluster it goes; without it, all steps follow each other at once. */
  speed?: number;
  /** Ends it before its next step. */
  signal?: AbortSignal;
}

export interface ScenarioRun {
  /** What is wrong, as a fault. Whether the MCP server has a detector for it is another matter: see `delivered`. */
  fault: FaultEvent | undefined;
  /** The object of the fault, or else the first object of the scenario. */
  resource: KubernetesObject;
  /** Number of notifications of faults that the detectors of the MCP server sent. */
  delivered: number;
  /** Undoes the scenario: deletes what it created, and restores what it changed. */
  heal: () => void;
}

/** The token with the read-only role, if no users are configured. */
export const READ_ONLY_TOKEN = 'simulated-read-only-token';

/** Starts a simulated cluster. Resolves when it listens. */
export async function startSimulatedCluster(options: SimulatedClusterOptions): Promise<SimulatedCluster> {
  const { host = '127.0.0.1', advertiseHost = host } = options;
  const certificate = options.tls ? await createCertificate([host, advertiseHost]) : undefined;
  const cluster = new SimulatedCluster(options, certificate);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/**
 * A simulated cluster: a Kubernetes API and an MCP endpoint over the same objects, as strict as real servers. It starts
 * healthy, and `run` plays what goes wrong. There are no controllers: nothing changes by itself. The MCP server's detectors
 * and its Events follow the objects, for changes of any origin.
 */
export class SimulatedCluster {
  readonly name: string;
  /** What the MCP server calls the cluster. */
  readonly serverCluster: string;
  readonly store = new ObjectStore();
  readonly #logs = new PodLogs();
  readonly #tokens: string[];
  readonly #advertiseHost: string;
  readonly #certificate: Certificate | undefined;
  readonly #mcp: McpEndpoint;
  readonly #account: ServerAccount;
  readonly #informers: Informers;
  readonly #users: Users;
  readonly #api: ApiServer;
  readonly #mcpListener: HttpListener;
  readonly #apiListener: HttpListener;

  /** Use {@link startSimulatedCluster}. */
  constructor(options: SimulatedClusterOptions, certificate: Certificate | undefined) {
    const { name, host = '127.0.0.1', users = { [READ_ONLY_TOKEN]: 'read-only' }, logger = silentLogger } = options;
    this.name = name;
    this.#tokens = Object.keys(users);
    this.#advertiseHost = options.advertiseHost ?? host;
    this.#certificate = certificate;
    const { eventsTools = true } = options;
    this.#account = new ServerAccount(this.store, rulesOf(options.mcpRole ?? 'admin'), () => ({
      url: this.kubernetesUrl,
      isReachable: this.#apiListener.isListening,
    }));
    this.serverCluster = options.disableMultiCluster ? '' : name;
    this.#mcp = new McpEndpoint({
      cluster: this.serverCluster,
      readTools: readTools(this.#account, this.#logs, {
        isStructured: !eventsTools,
        hasPages: options.listPages ?? false,
      }),
      eventsTools,
      bearerToken: options.bearerToken,
      logger,
    });
    this.#users = new Users(users, certificate !== undefined, options.serviceAccounts);
    this.#api = new ApiServer(this.store, this.#logs, this.#users);
    this.#mcpListener = new HttpListener(host, options.mcpPort ?? 0, this.#mcp.handle);
    this.#apiListener = new HttpListener(host, options.kubernetesPort ?? 0, this.#api.handle, certificate);
    applyScenario(loadScenario('baseline'), { cluster: this.serverCluster, now: new Date() }, this.store, this.#logs);
    this.#informers = new Informers(this.store, this.#mcp, this.serverCluster);
  }

  /** URL of the MCP endpoint. */
  get mcpEndpoint(): string {
    return `http://${this.#advertiseHost}:${this.#mcpListener.port}/mcp`;
  }

  /** URL of the Kubernetes API. */
  get kubernetesUrl(): string {
    return `${this.#certificate ? 'https' : 'http'}://${this.#advertiseHost}:${this.#apiListener.port}`;
  }

  /** The last 2,000 requests to the Kubernetes API, oldest first. */
  get kubernetesRequests(): readonly RecordedRequest[] {
    return this.#api.requests;
  }

  /** The last 2,000 calls of the MCP server's tools, oldest first. */
  get mcpCalls(): readonly RecordedCall[] {
    return this.#mcp.calls;
  }

  /** Number of subscriptions of all MCP sessions. */
  get subscriptionCount(): number {
    return this.#mcp.subscriptions.size;
  }

  /** MCP sessions that are subscribed to something, and whose client listens: one that is gone may have left its session behind. */
  get subscriberCount(): number {
    return this.#mcp.subscriberCount;
  }

  get sessionCount(): number {
    return this.#mcp.sessionCount;
  }

  /** Returns the kubeconfig of one of the users, by default the first. */
  kubeconfig(token: string = this.#tokens[0] ?? ''): string {
    return kubeconfigYaml({ name: this.name, server: this.kubernetesUrl, ca: this.#certificate?.cert }, token);
  }

  /**
   * Plays a scenario: what its objects and Events went through, in order. The MCP server pushes what it sees of it.
   * @returns when the last step has been played
   */
  async run(scenario: string | Scenario, options: RunOptions = {}): Promise<ScenarioRun> {
    const { speed, signal, ...target } = options;
    const data = typeof scenario === 'string' ? loadScenario(scenario) : scenario;
    let delivered = 0;
    const applied = await playScenario(data, {
      target: { cluster: this.serverCluster, ...target },
      store: this.store,
      logs: this.#logs,
      speed,
      signal,
      step: (change) => {
        const before = this.#informers.delivered;
        change();
        delivered += this.#informers.delivered - before;
      },
    });
    const { fault, objects } = applied;
    const resource = objects.find((object) => object.metadata.uid === fault?.resource.uid) ?? objects[0];
    if (!resource) throw new Error('the scenario has no objects');
    return { fault, resource, delivered, heal: () => this.#undo(applied) };
  }

  /**
   * Sends any payload to all subscribers of faults, whatever their filters; an object gets `subscriptionId` and
   * `cluster` unless it has its own.
   *
   * @returns the number of subscribers that it was sent to
   */
  emitFault(payload: unknown): number {
    return this.#mcp.publish('faults', payload);
  }

  /** Like {@link emitFault}, for subscribers of events. */
  emitEvent(payload: unknown): number {
    return this.#mcp.publish('events', payload);
  }

  /** Sends a subscription error to all subscribers. */
  emitSubscriptionError(error: string, degraded = true): number {
    return this.#mcp.publishSubscriptionError(error, degraded);
  }

  /** Resolves when there is a subscriber. Rejects when the signal aborts first. */
  async waitForSubscriber(signal: AbortSignal): Promise<void> {
    await this.#mcp.subscriptions.waitForOne(signal);
  }

  /** Closes the GET streams of the clients. Sessions and subscriptions remain. */
  cutMcpStreams(): void {
    this.#mcp.cutStreams();
  }

  /** Cancels all subscriptions. Sessions remain, so a client sees no difference. */
  dropMcpSubscriptions(): void {
    for (const { id, sessionId } of this.#mcp.subscriptions) this.#mcp.subscriptions.cancel(sessionId, id);
  }

  /** Subscriptions whose session ended before they were cancelled: the server goes on to watch for them. */
  get leakedMcpWatches(): number {
    return this.#mcp.subscriptions.leakedWatches;
  }

  /** Stops the MCP endpoint. Sessions and subscriptions are lost, as at a restart of the server. */
  async stopMcp(): Promise<void> {
    await this.#mcp.closeSessions();
    await this.#mcpListener.stop();
  }

  /** Starts the MCP endpoint again on the same port, with new informers. */
  async startMcp(): Promise<void> {
    if (this.#account.isValid) this.#informers.restart();
    await this.#mcpListener.start();
  }

  /** Changes what the MCP server's account may read. */
  setMcpRole(role: RoleName | readonly AccessRule[]): void {
    this.#account.rules = rulesOf(role);
  }

  /**
   * Makes the token of the MCP server invalid. Its tools fail, and its informers are dead until it is restarted, also after
   * {@link renewMcpToken}: the subscriptions look healthy and nothing is pushed.
   */
  revokeMcpToken(): void {
    this.#account.isValid = false;
    this.#informers.die();
  }

  /** Gives the MCP server a new token: its tools work again. */
  renewMcpToken(): void {
    this.#account.isValid = true;
  }

  /** The informers of the MCP server end without a sign; a restart of the server starts new ones. */
  killMcpInformers(): void {
    this.#informers.die();
  }

  /** Gives a bearer token of the Kubernetes API another role, or makes it valid. */
  grant(role: RoleName | readonly AccessRule[], token: string = this.#tokens[0] ?? ''): void {
    this.#users.grant(token, role);
  }

  /** Makes a bearer token of the Kubernetes API invalid: requests with it get 401. */
  revoke(token: string = this.#tokens[0] ?? ''): void {
    this.#users.revoke(token);
  }

  /** Stops the Kubernetes API. Its objects remain, and the MCP server cannot read them. */
  async stopKubernetes(): Promise<void> {
    this.#informers.pause();
    await this.#apiListener.stop();
  }

  /** Starts the Kubernetes API again on the same port. The MCP server's informers compare what changed meanwhile. */
  async startKubernetes(): Promise<void> {
    await this.#apiListener.start();
    this.#informers.resume();
  }

  /** Ends all watches of the Kubernetes API; with `compact`, they cannot resume: 410 Gone. */
  cutKubernetesWatches({ compact = false } = {}): void {
    if (compact) this.store.compact();
    this.#api.cutWatches();
  }

  async start(): Promise<void> {
    await Promise.all([this.startMcp(), this.startKubernetes()]);
  }

  /** Stops both servers. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([this.stopMcp(), this.stopKubernetes()]);
  }

  #undo({ objects, before, events }: AppliedScenario): void {
    for (const event of events) this.store.delete(typeOf(event), event.metadata.namespace, event.metadata.name);
    objects.forEach((object, index) => {
      const earlier = before[index];
      if (earlier) this.store.put(earlier);
      // A namespace remains, since another scenario may use it.
      else if (object.kind !== 'Namespace') {
        this.store.delete(typeOf(object), object.metadata.namespace, object.metadata.name);
        this.#logs.forget(object.metadata.uid ?? '');
      }
    });
  }
}
