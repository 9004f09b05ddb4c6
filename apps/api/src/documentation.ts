import { fastifySwagger } from '@fastify/swagger';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import { ApiKey } from '@nightcrier/core/access/api-key';
import { AuditEntry } from '@nightcrier/core/access/audit-entry';
import { ApiFailure } from '@nightcrier/core/api/errors';
import { Health } from '@nightcrier/core/api/health-routes';
import { API_TAGS } from '@nightcrier/core/api/route';
import { ShownSilence } from '@nightcrier/core/api/silence-routes';
import { ClusterChanged, IncidentChanged, ProblemChanged, StreamEvent } from '@nightcrier/core/api/stream-event';
import { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { Books } from '@nightcrier/core/incidents/books';
import { Incident } from '@nightcrier/core/incidents/incident';
import { ReportSummary } from '@nightcrier/core/incidents/report';
import { Problem } from '@nightcrier/core/problems/problem';
import { VERSION } from '@nightcrier/core/version';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { READS } from './access/route-roles.ts';

/** Schemas that the documentation names and shows once. */
const COMPONENTS = {
  ApiFailure,
  ApiKey,
  AuditEntry,
  Books,
  ClusterChanged,
  ClusterHealth,
  Health,
  Incident,
  IncidentChanged,
  Problem,
  ProblemChanged,
  ReportSummary,
  ShownSilence,
  StreamEvent,
};

const schemaRegistry = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(COMPONENTS)) schemaRegistry.add(schema, { id });

/**
 * Collects the routes that are registered afterwards, for the description that {@link documentationRoutes} serves. Routes without a tag
 * are left out: pages, assets and the queue board.
 */
export function describeRoutes(app: FastifyInstance, basePath: string): void {
  void app.register(fastifySwagger, {
    hideUntagged: true,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Nightcrier',
        version: VERSION,
        description:
          'Watches Kubernetes clusters and has agents investigate every fault, read-only. Failed requests are answered as RFC 9457 says. ' +
          'Further fields, routes and values of `code` may be added at any time.',
      },
      servers: [{ url: basePath === '' ? '/' : basePath }],
      tags: Object.entries(API_TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key' } } },
      security: [{ key: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
}

/** `GET /openapi.json`, and a viewer of it at `/docs`, whose files are all of this API. */
export function documentationRoutes(app: FastifyInstance, basePath: string): void {
  let description: string | undefined;
  app.get('/openapi.json', READS, (_, reply) => {
    description ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').send(description);
  });
  void app.register((scope) => {
    // The viewer registers its routes itself.
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...READS.config };
    });
    void scope.register(fastifySwaggerUi, {
      routePrefix: '/docs',
      ...(basePath !== '' && { indexPrefix: basePath }),
      uiConfig: { validatorUrl: null, deepLinking: true },
      theme: { title: 'Nightcrier API' },
    });
  });
}
