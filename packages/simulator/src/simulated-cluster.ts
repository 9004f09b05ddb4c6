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
  /** Host in the URLs that are handed out, when clients call it by another one (from containers, say). */
  advertiseHost?: string;
  /** 0 takes free ports. */
  mcpPort?: number;
  kubernetesPort?: number;
  /** Serve the Kubernetes API over TLS with a certificate of its own, which the kubeconfig carries. */
  tls?: boolean;
  /** What each bearer token may do. The first is the one that `kubeconfig()` takes. */
  users?: Record<string, RoleName | readonly AccessRule[]>;
  /** false: no `events_*subscri*` tools, like a stock kubernetes-mcp-server. */
  eventsTools?: boolean;
  /** When set, the MCP endpoint wants `Authorization: Bearer <this>`. */
  bearerToken?: string;
  logger?: Logger;
}

/** Where a scenario runs, when not where it says itself. */
export interface RunOptions {
  namespace?: string;
  /** Name of the workload. */
  name?: string;
  /** Another value gives other pods and uids, as a new rollout would; the same values give the same fault again. */
  instance?: string;
}

export interface ScenarioRun {
  /** The fault as it was emitted, without the subscriptionId that differs for each subscriber. */
  fault: FaultEvent | undefined;
  /** The object that the fault is about, else the scenario's first. */
  resource: KubernetesObject;
  /** How many subscribers were sent the fault. */
  delivered: number;
  /** Undoes it: what the scenario created goes away, what it changed is as before. */
  heal: () => void;
}

/** A token with the read-only role, for clusters that declare no users. */
export const READ_ONLY_TOKEN = 'simulated-read-only-token';

/** Starts a simulated cluster: it listens when this resolves. */
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
 * A cluster that clients cannot tell from a real one: a Kubernetes API and an event-emitting MCP endpoint over the same
 * objects, healthy at first. `run` breaks something in it. Nothing in it happens by itself.
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

  /** The requests that the Kubernetes API has seen, oldest first; the last 2,000. */
  get kubernetesRequests(): readonly RecordedRequest[] {
    return this.#api.requests;
  }

  /** Subscriptions of all MCP sessions. */
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

  /** A kubeconfig for one of the users, by default the first. */
  kubeconfig(token: string = this.#tokens[0] ?? ''): string {
    return kubeconfigYaml({ name: this.name, server: this.kubernetesUrl, ca: this.#certificate?.cert }, token);
  }

  /** Puts the cluster into the trouble of a scenario, and tells whoever is subscribed at this moment. */
  async run(scenario: string | Scenario, options: RunOptions = {}): Promise<ScenarioRun> {
    const data = typeof scenario === 'string' ? loadScenario(scenario) : scenario;
    const applied = applyScenario(data, { cluster: this.name, now: new Date(), ...options }, this.store, this.#logs);
    const { fault, events, objects } = applied;
    for (const event of events) this.#publishEvent(event);
    const resource = objects.find((object) => object.metadata.uid === fault?.resource.uid) ?? objects[0];
    if (!resource) throw new Error('The scenario has no objects');
    const delivered = fault ? this.#mcp.publish('faults', fault, occurrenceOf(resource)) : 0;
    return { fault, resource, delivered, heal: () => this.#undo(applied) };
  }

  /**
   * Sends any payload to all subscribers of faults, whatever their filters; an object gets `subscriptionId` and
   * `cluster` unless it has its own.
   *
   * @returns how many subscribers were sent to.
   */
  emitFault(payload: unknown): number {
    return this.#mcp.publish('faults', payload);
  }

  /** The same for subscribers of events. */
  emitEvent(payload: unknown): number {
    return this.#mcp.publish('events', payload);
  }

  /** Tells all subscribers that their subscription is in trouble. */
  emitSubscriptionError(error: string, degraded = true): number {
    return this.#mcp.publishSubscriptionError(error, degraded);
  }

  /** Resolves when somebody is subscribed; rejects when the signal aborts first. */
  async waitForSubscriber(signal: AbortSignal): Promise<void> {
    await this.#mcp.subscriptions.waitForOne(signal);
  }

  /** Cuts the clients' GET streams and leaves their sessions and subscriptions alone. */
  cutMcpStreams(): void {
    this.#mcp.cutStreams();
  }

  /** Cancels all subscriptions and leaves everything else alone: the client's session looks as healthy as before. */
  dropMcpSubscriptions(): void {
    for (const { id, sessionId } of this.#mcp.subscriptions) this.#mcp.subscriptions.cancel(sessionId, id);
  }

  /** Stops the MCP endpoint, as a server that restarts: sessions and subscriptions are lost. */
  async stopMcp(): Promise<void> {
    await this.#mcp.closeSessions();
    await this.#mcpListener.stop();
  }

  /** Starts the MCP endpoint again on the same port. */
  async startMcp(): Promise<void> {
    await this.#mcpListener.start();
  }

  /** Stops the Kubernetes API; its objects stay. */
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

  /** Closes everything; may be called again. */
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
      // A namespace stays: another scenario may have moved in.
      else if (object.kind !== 'Namespace') {
        this.store.delete(typeOf(object), object.metadata.namespace, object.metadata.name);
        this.#logs.forget(object.metadata.uid ?? '');
      }
    });
  }
}
