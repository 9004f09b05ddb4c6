import { silentLogger, type Logger } from '@nightcrier/core/logger';
import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { applyScenario, type AppliedScenario } from './apply-scenario.ts';
import { HttpListener } from './http-listener.ts';
import type { AccessRule, RoleName } from './kubernetes/access/access-rules.ts';
import { ApiServer, type RecordedRequest } from './kubernetes/api/api-server.ts';
import { createCertificate, type Certificate } from './kubernetes/api/certificate.ts';
import { kubeconfigYaml } from './kubernetes/api/kubeconfig.ts';
import { textAt, type KubernetesObject } from './kubernetes/objects/kubernetes-object.ts';
import { ObjectStore } from './kubernetes/objects/object-store.ts';
import { PodLogs } from './kubernetes/api/pod-log.ts';
import { findByKind, typeOf } from './kubernetes/objects/resource-types.ts';
import { Users } from './kubernetes/access/users.ts';
import { eventNotification, occurrenceOf, occurrenceOfEvent } from './mcp/notification.ts';
import { McpEndpoint } from './mcp/mcp-endpoint.ts';
import { readTools } from './mcp/read-tools.ts';
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
  /** false: no `events_*subscri*` tools, like a stock kubernetes-mcp-server. */
  eventsTools?: boolean;
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
}

export interface ScenarioRun {
  /** The fault as it was emitted, without the subscriptionId that differs for each subscriber. */
  fault: FaultEvent | undefined;
  /** The object of the fault, or else the first object of the scenario. */
  resource: KubernetesObject;
  /** Number of subscribers that the fault was sent to. */
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
 * A simulated cluster: a Kubernetes API and an event-emitting MCP endpoint over the same objects, as strict as real servers.
 * It starts healthy, and `run` causes a fault. There are no controllers: nothing changes by itself.
 */
export class SimulatedCluster {
  readonly name: string;
  readonly store = new ObjectStore();
  readonly #logs = new PodLogs();
  readonly #tokens: string[];
  readonly #advertiseHost: string;
  readonly #certificate: Certificate | undefined;
  readonly #mcp: McpEndpoint;
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
    this.#mcp = new McpEndpoint({
      cluster: name,
      readTools: readTools(this.store, this.#logs),
      eventsTools: options.eventsTools ?? true,
      bearerToken: options.bearerToken,
      logger,
    });
    this.#api = new ApiServer(this.store, this.#logs, new Users(users, certificate !== undefined));
    this.#mcpListener = new HttpListener(host, options.mcpPort ?? 0, this.#mcp.handle);
    this.#apiListener = new HttpListener(host, options.kubernetesPort ?? 0, this.#api.handle, certificate);
    applyScenario(loadScenario('baseline'), { cluster: name, now: new Date() }, this.store, this.#logs);
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

  /** Number of subscriptions of all MCP sessions. */
  get subscriptionCount(): number {
    return this.#mcp.subscriptions.size;
  }

  /** MCP sessions that are subscribed to something. */
  get subscriberCount(): number {
    return this.#mcp.subscriptions.subscribers;
  }

  get sessionCount(): number {
    return this.#mcp.sessionCount;
  }

  /** Returns the kubeconfig of one of the users, by default the first. */
  kubeconfig(token: string = this.#tokens[0] ?? ''): string {
    return kubeconfigYaml({ name: this.name, server: this.kubernetesUrl, ca: this.#certificate?.cert }, token);
  }

  /** Applies a scenario to the cluster, and sends its fault and events to the present subscribers. */
  async run(scenario: string | Scenario, options: RunOptions = {}): Promise<ScenarioRun> {
    const data = typeof scenario === 'string' ? loadScenario(scenario) : scenario;
    const applied = applyScenario(data, { cluster: this.name, now: new Date(), ...options }, this.store, this.#logs);
    const { fault, events, objects } = applied;
    for (const event of events) this.#publishEvent(event);
    const resource = objects.find((object) => object.metadata.uid === fault?.resource.uid) ?? objects[0];
    if (!resource) throw new Error('the scenario has no objects');
    const delivered = fault ? this.#mcp.publish('faults', fault, occurrenceOf(resource)) : 0;
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

  /** Stops the MCP endpoint. Sessions and subscriptions are lost, as at a restart of the server. */
  async stopMcp(): Promise<void> {
    await this.#mcp.closeSessions();
    await this.#mcpListener.stop();
  }

  /** Starts the MCP endpoint again on the same port. */
  async startMcp(): Promise<void> {
    await this.#mcpListener.start();
  }

  /** Stops the Kubernetes API. Its objects remain. */
  async stopKubernetes(): Promise<void> {
    await this.#apiListener.stop();
  }

  /** Starts the Kubernetes API again on the same port. */
  async startKubernetes(): Promise<void> {
    await this.#apiListener.start();
  }

  async start(): Promise<void> {
    await Promise.all([this.startMcp(), this.startKubernetes()]);
  }

  /** Stops both servers. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([this.stopMcp(), this.stopKubernetes()]);
  }

  #publishEvent(event: KubernetesObject): void {
    const about = occurrenceOfEvent(event, this.#involvedObject(event));
    this.#mcp.publish('events', { event: eventNotification(event) }, about);
  }

  #involvedObject(event: KubernetesObject): KubernetesObject | undefined {
    const type = findByKind(textAt(event, 'involvedObject.apiVersion'), textAt(event, 'involvedObject.kind'));
    const namespace = textAt(event, 'involvedObject.namespace') || undefined;
    return type && this.store.get(type, namespace, textAt(event, 'involvedObject.name'));
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
