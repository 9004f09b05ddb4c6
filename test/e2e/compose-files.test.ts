import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ComposeCommand, composeCommands, composeProject, whyNoCompose } from '../fixtures/compose.ts';

const AGENTS = 'docker-compose.agents.yml';
const PRODUCTION = 'docker-compose.prod.yml';
const ENVIRONMENT = { DOCKER_SOCKET_GROUP: '999', NIGHTCRIER_CONFIG_DIR: '/etc/nightcrier' };

const Service = z.looseObject({
  scale: z.number().optional(),
  deploy: z.looseObject({ replicas: z.number().optional() }).optional(),
  restart: z.string(),
  mem_limit: z.union([z.string(), z.number()]).optional(),
  read_only: z.boolean().optional(),
  user: z.string().optional(),
  cap_drop: z.string().array().optional(),
  security_opt: z.string().array().optional(),
  networks: z.record(z.string(), z.unknown()).optional(),
  ports: z.unknown().array().optional(),
  volumes: z.array(z.unknown()).optional(),
  logging: z.object({ options: z.record(z.string(), z.unknown()) }).optional(),
  environment: z.record(z.string(), z.unknown()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
const ComposeFile = z.looseObject({ services: z.record(z.string(), Service) });

/** Returns the merged compose files. */
async function configOf(command: ComposeCommand, files: string[], environment: Record<string, string> = ENVIRONMENT) {
  const project = await composeProject(files, environment, command);
  const { stdout } = await project.compose('config');
  return ComposeFile.parse(parse(stdout)).services;
}

const why = whyNoCompose ? ` (skipped: ${whyNoCompose})` : '';

describe.skipIf(whyNoCompose).each(composeCommands)(`the compose files, for %s${why}`, (command) => {
  test.each([
    { files: [] },
    { files: [AGENTS] },
    { files: [PRODUCTION] },
    { files: [AGENTS, PRODUCTION] },
    { files: [PRODUCTION, AGENTS] },
  ])('are valid together: docker-compose.yml $files', async ({ files }) => {
    const services = await configOf(command, files);
    expect(Object.keys(services).toSorted()).toEqual([
      'api',
      'clusters',
      'gateway',
      'ingester',
      'redis',
      'triage-worker',
    ]);
    const published = Object.entries(services).filter(([, { ports }]) => ports);
    expect(published.map(([name]) => name)).toEqual(['api']);
    expect(JSON.stringify(services.api?.ports)).toContain('127.0.0.1');
    for (const name of ['redis', 'api', 'ingester']) {
      expect(Object.keys(services[name]?.networks ?? {})).not.toContain('agents');
    }
  });

  test('no container may write to its root, has a capability, or gains privileges', async () => {
    for (const service of Object.values(await configOf(command, []))) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
  });

  test('Redis needs a password, which only the environment holds', async () => {
    const services = await configOf(command, [], { ...ENVIRONMENT, NIGHTCRIER_REDIS_PASSWORD: 'planted-1' });
    const { redis, ...others } = services;
    expect(JSON.stringify({ ...redis, environment: {} })).not.toContain('planted-1');
    expect(redis?.environment).toMatchObject({ REDISCLI_AUTH: 'planted-1' });
    for (const name of ['ingester', 'triage-worker', 'api']) {
      expect(others[name]?.environment).toMatchObject({ NIGHTCRIER_REDIS_URL: 'redis://:planted-1@redis:6379' });
    }
  });

  test('production: real configuration read-only, no simulated clusters, limits and rotated logs', async () => {
    const { clusters, ...services } = await configOf(command, [PRODUCTION]);
    expect(clusters?.scale ?? clusters?.deploy?.replicas).toBe(0);
    for (const service of Object.values(services)) {
      expect(service).toMatchObject({ restart: 'always', read_only: true, mem_limit: expect.anything() });
      expect(service.logging?.options).toMatchObject({ 'max-size': '10m' });
    }
    const { redis: _, ...processes } = services;
    for (const { environment, volumes } of Object.values(processes)) {
      expect(environment).toMatchObject({ NIGHTCRIER_CONFIG: '/etc/nightcrier/nightcrier.yaml' });
      expect(volumes).toContainEqual(
        expect.objectContaining({ source: '/etc/nightcrier', target: '/etc/nightcrier', read_only: true }),
      );
    }
    expect(services.api?.environment).toMatchObject({ NIGHTCRIER_API_ALLOW_ANONYMOUS: 'false' });
    expect(services.api?.labels).toMatchObject({ 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/metrics' });
  });

  test.each([
    { file: AGENTS, variable: 'DOCKER_SOCKET_GROUP' },
    { file: PRODUCTION, variable: 'NIGHTCRIER_CONFIG_DIR' },
  ])('$file asks for $variable', async ({ file, variable }) => {
    await expect(configOf(command, [file], { ...ENVIRONMENT, [variable]: '' })).rejects.toThrow('set it to the');
  });
});
