import { cannotListen } from '@nightcrier/runtime/metrics/cannot-listen';
import { fastifyAccepts } from '@fastify/accepts';
import { fastifyEtag } from '@fastify/etag';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import { LONGEST_FAULT_ID } from '@nightcrier/core/faults/fault';
import type { Budget } from '@nightcrier/core/gateway/budgets';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import type { AdmissionSettings } from '@nightcrier/state/admission/admission-settings';
import type { ConfiguredCluster } from '@nightcrier/state/health/cluster-health';
import { openState } from '@nightcrier/state/open-state';
import { countLiveWorkers } from '@nightcrier/state/queue/live-workers';
import { connectProducer, connectWorker, disconnect, type RedisSettings } from '@nightcrier/state/redis/connection';
import fastify, { type FastifyInstance } from 'fastify';
import { Server as HttpsServer } from 'node:https';
import { type AccessSettings, accessSettings, assertProtected } from './access/access-settings.ts';
import { warnWithoutAdmin } from './access/warn-without-admin.ts';
import { SessionPrincipals } from './access/session-principals.ts';
import { WrongKeys } from '@nightcrier/runtime/http/wrong-keys';
import type { ApiContext } from './api-context.ts';
import { assertRedisAnswers, handleErrors } from './errors/error-handling.ts';
import { Certificate, type CertificateFiles } from './certificate.ts';
import { answerFrameworkError } from './errors/framework-error.ts';
import { answerUnparsed, answerUnrouted } from '@nightcrier/runtime/http/unrouted';
import { noteClusterChanges } from './events/cluster-changes.ts';
import { EventFeed } from './events/event-feed.ts';
import { EventResponses } from './events/event-responses.ts';
import { describeRoutes, documentationRoutes } from './documentation.ts';
import { validateRequests } from './serve-route.ts';
import { dashboard } from './dashboard/dashboard.ts';
import { assetRoutes } from './html/assets.ts';
import { decorateBasePath, withoutBasePath } from './html/link.ts';
import { booksRoute } from './routes/books-route.ts';
import { cancelRoute } from './routes/cancel-route.ts';
import { healthRoutes } from './routes/health-routes.ts';
import { incidentRoutes } from './routes/incident-routes.ts';
import { evidenceRoutes } from './routes/evidence-routes.ts';
import { mcpRoutes } from './mcp/mcp-routes.ts';
import { problemRoutes } from './routes/problem-routes.ts';
import { requeueRoutes } from './routes/requeue-routes.ts';
import { accessRoutes } from './routes/access-routes.ts';
import { loginRoutes } from './login/login-routes.ts';
import { oidcRoutes } from './login/oidc-routes.ts';
import { userRoutes } from './routes/user-routes.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { silenceRoutes } from './routes/silence-routes.ts';
import { streamRoute } from './routes/stream-route.ts';
import { queueBoard } from './routes/queue-board.ts';
import { protect } from './access/protect.ts';

export interface ApiOptions extends AccessSettings {
  /** 0: any free port. */
  port: number;
  /** Needed where `tls` is set. */
  certificate?: CertificateFiles | undefined;
  redis: RedisSettings;
  clusters: ClusterConfig[];
  /** Bounds of the queue; they apply to incidents that are requeued or split. */
  admission: AdmissionSettings;
  /** Whether `/metrics` has series of each cluster. Default: yes. */
  metricsPerCluster?: boolean;
  /** `llm_budgets.per_day`. */
  dailyBudget?: Budget | undefined;
  /** Where a worker of this machine keeps evidence. */
  workspaceRoot: string;
  /** What the pages on routes and settings show. */
  config?: Config | undefined;
  /** Longest time for `stop`, in seconds. */
  shutdownTimeout: number;
  logger: Logger;
}

export interface RunningApi {
  /** URL of the API. */
  url: string;
  /** Applies a changed configuration. */
  reloading: Reloading;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Longest time for a request, ms. A command may take two seconds, and some routes send two of them one after the other. */
const HANDLER_TIMEOUT_MS = 5_000;

/**
 * Starts the API. It does not wait for Redis: `/readyz` fails until Redis is reachable.
 * @throws Error if the address is in use, or needs an access key
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  assertProtected(options);
  const { redis: settings, logger } = options;
  const { key_prefix } = settings;
  const certificate = options.certificate && (await Certificate.read(options.certificate, logger));
  const lifecycle = new Lifecycle(logger, options.shutdownTimeout);

  const redis = connectProducer(settings, logger);
  lifecycle.onStop('redis connection', () => disconnect(redis));
  const boardRedis = connectWorker(settings, logger.child({ connection: 'queue board' }));
  lifecycle.onStop('redis connection of the queue board', () => disconnect(boardRedis));
  const boardState = openState(boardRedis, { key_prefix, logger });

  const state = openState(redis, { key_prefix, logger });
  const admission = state.openAdmission(state.openQueue(), options.admission);
  let clusters = options.clusters.map(asShown);
  let { dailyBudget, config: currentConfig } = options;
  let metricsPerCluster = options.metricsPerCluster ?? true;
  let refusal: RefusedConfiguration | undefined;
  let access: AccessSettings = options;
  const reloading: Reloading = {
    apply: (config) => {
      currentConfig = config;
      admission.configure(config);
      clusters = config.clusters.map(asShown);
      dailyBudget = config.llm_budgets.per_day;
      metricsPerCluster = config.api.metrics_per_cluster;
      refusal = undefined;
      access = changedAccess(access, config, logger);
    },
    refuse: (refused) => {
      refusal = { process: 'api', ...refused };
    },
  };

  const { basePath } = options;
  const app: FastifyInstance = fastify({
    // Node would answer a request without a Host header in its own form.
    ...(certificate
      ? { https: { ...certificate.options, requireHostHeader: false } }
      : { http: { requireHostHeader: false } }),
    rewriteUrl: ({ url = '/' }) => withoutBasePath(url, basePath),
    forceCloseConnections: true,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    // The longest parameter is the fault id of a member, measured after decoding.
    routerOptions: { maxParamLength: LONGEST_FAULT_ID },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerUnparsed,
  });
  answerUnrouted(app.server);
  const feed = new EventFeed({
    events: state.events,
    connect: () => connectWorker(settings, logger.child({ connection: 'events' })),
    logger,
  });
  lifecycle.onStop('event feed', () => feed.close());
  const clusterChanges = noteClusterChanges({
    redis,
    events: state.events,
    read: async () => state.clusterHealth.read(clusters),
    isNeeded: () => feed.listeners > 0,
    logger,
  });
  lifecycle.onStop('cluster changes', () => clusterChanges.stop());
  clusterChanges.start();
  const eventResponses = new EventResponses({ feed, events: state.events });
  const context: ApiContext = {
    redis,
    keys: state.keys,
    clusters: () => clusters,
    metricsPerCluster: () => metricsPerCluster,
    refused: async () => (refusal ? [refusal] : state.ingesters.refused()),
    health: state.clusterHealth,
    ingesters: state.ingesterHealth,
    isolation: state.isolation,
    damage: state.damage,
    serverProblems: () => state.serverProblems(),
    incidents: state.incidents,
    cancellations: state.openCancellations(),
    admission,
    intake: state.intake,
    alerts: state.alertCounters,
    triage: state.triage,
    breaker: state.breaker,
    receiverHealth: state.receiverHealth,
    budgets: state.budgets,
    dailyBudget: () => dailyBudget,
    gateways: state.gateways,
    workersAlive: () => countLiveWorkers(redis, state.keys),
    apiKeys: state.apiKeys,
    users: state.users,
    sessions: state.sessions,
    audit: state.audit,
    silences: state.silences,
    problems: state.problems,
    problemSearch: state.problemSearch,
    feedback: state.feedback,
    conversations: state.conversations,
    deliveries: state.deliveries,
    doorRecords: state.doorRecords,
    config: () => currentConfig,
    events: feed,
    workspaceRoot: () => options.workspaceRoot,
    logger,
  };
  void app.register(fastifyAccepts);
  validateRequests(app);
  describeRoutes(app, basePath);
  decorateBasePath(app, basePath);
  const accessOf = {
    settings: () => access,
    apiKeys: state.apiKeys,
    sessions: new SessionPrincipals(state),
    wrongKeys: new WrongKeys(),
  };
  protect(app, accessOf);
  handleErrors(app, redis, logger);
  void app.register((scope) => {
    void scope.register(fastifyEtag, { weak: true });
    healthRoutes(scope, context);
  });
  void app.register((scope) => metricsRoute(scope, context));
  void app.register(
    (scope) => {
      scope.addHook('preHandler', async () => assertRedisAnswers(redis));
      void scope.register(fastifyEtag, { weak: true });
      incidentRoutes(scope, context);
      evidenceRoutes(scope, context);
      requeueRoutes(scope, context);
      cancelRoute(scope, context);
      booksRoute(scope, context);
      problemRoutes(scope, context);
      silenceRoutes(scope, context);
      accessRoutes(scope, context);
      userRoutes(scope, context);
      streamRoute(scope, eventResponses, accessOf);
      documentationRoutes(scope, basePath);
    },
    { prefix: '/api' },
  );
  void app.register((scope) => queueBoard(scope, { redis, state, boardState, logger, basePath }), {
    prefix: '/queues',
  });
  void app.register((scope) => mcpRoutes(scope));
  assetRoutes(app);
  void app.register((scope) => {
    loginRoutes(scope, { ...context, access: accessOf });
    oidcRoutes(scope, { ...context, access: accessOf });
  });
  void app.register((scope) => dashboard(scope, context));
  lifecycle.onStop('http server', () => app.close());
  if (certificate && app.server instanceof HttpsServer) {
    certificate.renew(app.server);
    lifecycle.onStop('certificate', () => certificate.stop());
  }
  app.addHook('preClose', async () => eventResponses.close());

  try {
    await app.ready();
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  try {
    const url = await app.listen({ host: options.host, port: options.port });
    logger.info({ url, access_key: (options.accessKey ?? options.accessKeyFile) !== undefined }, 'api started');
    const warn = (): void => {
      warnWithoutAdmin(access, { users: state.users, apiKeys: state.apiKeys, logger }).catch((error: unknown) =>
        logger.debug({ error }, 'administrators not read'),
      );
    };
    if (redis.status === 'ready') warn();
    else redis.once('ready', warn);
    return { url, reloading, stop: () => lifecycle.stop() };
  } catch (cause) {
    await lifecycle.stop();
    throw cannotListen({ what: 'api cannot listen', setting: 'api', host: options.host, port: options.port }, cause);
  }
}

function asShown({ name, labels, triage }: ClusterConfig): ConfiguredCluster {
  return { name, labels, triage_enabled: triage.enabled };
}

/** Other ways to log in take effect at once, unless the API would then serve everybody. */
function changedAccess(former: AccessSettings, config: Config, logger: Logger): AccessSettings {
  try {
    // These need a restart.
    const { host, basePath, tls, allowAnonymous } = former;
    const changed = { ...accessSettings(config), host, basePath, tls, allowAnonymous };
    assertProtected(changed);
    return changed;
  } catch (error) {
    logger.error({ error }, 'access settings not changed');
    return former;
  }
}
