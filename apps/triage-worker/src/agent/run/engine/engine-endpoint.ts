import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { EngineError } from './engine-error.ts';

/** Where the API of a container engine listens. */
export type EngineEndpoint =
  | { kind: 'socket'; path: string }
  | { kind: 'tcp'; origin: string; tls?: { ca?: Buffer; cert?: Buffer; key?: Buffer; verify: boolean } };

type Environment = Record<string, string | undefined>;

const ClientConfig = z.object({ currentContext: z.string().optional() });
const ContextMeta = z.object({
  Endpoints: z.object({
    docker: z.object({ Host: z.string().optional(), SkipTLSVerify: z.boolean().optional() }).optional(),
  }),
});

/**
 * Returns the endpoint that the engine's own client would use: for docker DOCKER_HOST (with DOCKER_TLS_VERIFY and
 * DOCKER_CERT_PATH), else the context of DOCKER_CONTEXT or of the client's configuration, else the default socket; for podman
 * CONTAINER_HOST or DOCKER_HOST, else the user's socket, else that of root.
 * @throws EngineError when it cannot be reached from here, or its files cannot be read
 */
export function engineEndpoint(engine: 'docker' | 'podman', environment: Environment): EngineEndpoint {
  return engine === 'docker' ? dockerEndpoint(environment) : podmanEndpoint(environment);
}

function dockerEndpoint(environment: Environment): EngineEndpoint {
  const { DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, DOCKER_CONFIG } = environment;
  const home = environment.HOME ?? homedir();
  const configDirectory = DOCKER_CONFIG ?? path.join(home, '.docker');
  if (DOCKER_HOST !== undefined && DOCKER_HOST !== '') {
    const verify = DOCKER_TLS_VERIFY !== undefined && DOCKER_TLS_VERIFY !== '';
    const usesTls = verify || (DOCKER_CERT_PATH !== undefined && DOCKER_CERT_PATH !== '');
    return parseHost(
      'DOCKER_HOST',
      DOCKER_HOST,
      usesTls ? { directory: DOCKER_CERT_PATH ?? configDirectory, verify } : undefined,
    );
  }
  const context = environment.DOCKER_CONTEXT ?? currentContext(configDirectory);
  if (context === undefined || context === '' || context === 'default') {
    return { kind: 'socket', path: '/var/run/docker.sock' };
  }
  return contextEndpoint(configDirectory, context);
}

function currentContext(configDirectory: string): string | undefined {
  const file = path.join(configDirectory, 'config.json');
  if (!existsSync(file)) return undefined;
  return ClientConfig.safeParse(readJson(file)).data?.currentContext;
}

function contextEndpoint(configDirectory: string, context: string): EngineEndpoint {
  const id = createHash('sha256').update(context).digest('hex');
  const file = path.join(configDirectory, 'contexts/meta', id, 'meta.json');
  const endpoint = ContextMeta.safeParse(readJson(file)).data?.Endpoints.docker;
  if (endpoint?.Host === undefined) {
    throw new EngineError('unreachable', `the Docker context '${context}' names no host (${file})`);
  }
  const directory = path.join(configDirectory, 'contexts/tls', id, 'docker');
  const tls = existsSync(directory) ? { directory, verify: endpoint.SkipTLSVerify !== true } : undefined;
  return parseHost(`the Docker context '${context}'`, endpoint.Host, tls);
}

function podmanEndpoint(environment: Environment): EngineEndpoint {
  const host = environment.CONTAINER_HOST ?? environment.DOCKER_HOST;
  if (host !== undefined && host !== '') return parseHost('CONTAINER_HOST', host);
  const own = path.join(environment.XDG_RUNTIME_DIR ?? '/run/user/0', 'podman/podman.sock');
  return { kind: 'socket', path: existsSync(own) ? own : '/run/podman/podman.sock' };
}

/** @param source names the host in an error */
function parseHost(source: string, host: string, tls?: { directory: string; verify: boolean }): EngineEndpoint {
  if (host.startsWith('unix://')) return { kind: 'socket', path: host.slice('unix://'.length) };
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url === undefined || !['tcp:', 'http:', 'https:'].includes(url.protocol)) {
    throw new EngineError('unreachable', `${source} '${host}' is not supported: expected unix:// or tcp://`);
  }
  const isTls = tls !== undefined || url.protocol === 'https:';
  const origin = `${isTls ? 'https' : 'http'}://${url.host}`;
  return { kind: 'tcp', origin, ...(isTls && { tls: tls ? readTls(tls) : { verify: true } }) };
}

function readTls({ directory, verify }: { directory: string; verify: boolean }) {
  const read = (name: string): Buffer | undefined => {
    const file = path.join(directory, name);
    try {
      return existsSync(file) ? readFileSync(file) : undefined;
    } catch (cause) {
      throw new EngineError('unreachable', `the engine's TLS file ${file} cannot be read`, { cause });
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem'), verify };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new EngineError(
      'unreachable',
      `${file} cannot be read: ${cause instanceof Error ? cause.message : 'unknown'}`,
      { cause },
    );
  }
}
