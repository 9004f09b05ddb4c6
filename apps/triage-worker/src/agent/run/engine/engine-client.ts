import type { Duplex, Readable } from 'node:stream';
import { Agent, type Dispatcher, request, upgrade } from 'undici';
import { z } from 'zod';
import type { EngineEndpoint } from './engine-endpoint.ts';
import { EngineError, isNotFound } from './engine-error.ts';

/** Milliseconds. The engine may be busy, but a call that takes longer means that it hangs. */
const CONNECT_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 30_000;
/** Characters of the engine's words in an error. */
const LONGEST_MESSAGE = 500;

const PathStat = z.object({ mtime: z.string() });
const Created = z.object({ Id: z.string() });
const Listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).default([]),
    State: z.string(),
    /** Unix seconds. */
    Created: z.number(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);
/** An entry of the engine's list of containers. */
export type Listed = z.infer<typeof Listed>[number];
const Volume = z.object({ Mountpoint: z.string().default('') });
const Version = z.object({ Components: z.array(z.object({ Name: z.string() })).nullish() });
const Message = z.object({ message: z.string() });
const Inspection = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    ExitCode: z.number(),
    OOMKilled: z.boolean().default(false),
    StartedAt: z.string(),
  }),
  Mounts: z.array(z.object({ Name: z.string().optional() })).default([]),
});
/** The fields of a container that this worker uses. */
export type Inspection = z.infer<typeof Inspection>;

interface Mount {
  readonly Target: string;
  /** `o`: of a volume in memory. */
  readonly VolumeOptions?: {
    DriverConfig?: { Name: string; Options: Record<'type' | 'device' | 'o', string> };
    NoCopy: boolean;
  };
  readonly [field: string]: unknown;
}

/** What an engine is asked to create (Docker Engine API, ContainerCreate); the fields that are read again. */
export interface ContainerSpec {
  readonly Image: string;
  readonly HostConfig: {
    /** Options of a mount in memory by its directory. */
    readonly Tmpfs: Record<string, string>;
    readonly Mounts: readonly Mount[];
    readonly SecurityOpt: readonly string[];
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

interface Call {
  query?: Record<string, string>;
  body?: object | Buffer;
  signal?: AbortSignal | undefined;
}

/**
 * A client of the Docker Engine API, which Podman's service speaks too. Calls carry no version, so that each engine answers
 * with its own. Every call is bounded in time; every failure is an {@link EngineError}.
 */
export class EngineClient {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(endpoint: EngineEndpoint) {
    const isSocket = endpoint.kind === 'socket';
    const { verify = true, ...files } = (!isSocket && endpoint.tls) || {};
    const place = isSocket ? { socketPath: endpoint.path } : { ...files, rejectUnauthorized: verify };
    const connect = { timeout: CONNECT_TIMEOUT_MS, ...place };
    this.#origin = isSocket ? 'http://engine' : endpoint.origin;
    this.#agent = new Agent({ bodyTimeout: 0, headersTimeout: CALL_TIMEOUT_MS, connect });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** Creates a container and returns its id. */
  async create(name: string, spec: ContainerSpec, signal?: AbortSignal): Promise<string> {
    const created = await this.#json('POST', '/containers/create', { query: { name }, body: spec, signal });
    return Created.parse(created).Id;
  }

  /** Extracts a tar archive into a directory of a container, which must be inside a writable volume. */
  async putArchive(id: string, directory: string, archive: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#text('PUT', `/containers/${id}/archive`, { query: { path: directory }, body: archive, signal });
  }

  /** Returns a directory of a container as a tar stream. */
  async getArchive(id: string, directory: string, signal?: AbortSignal): Promise<Readable> {
    return this.#stream(`/containers/${id}/archive`, { query: { path: directory }, signal });
  }

  /** Returns when a file of a container was modified last; undefined if there is no such file, or container. */
  async modifiedAt(id: string, path: string, signal?: AbortSignal): Promise<Date | undefined> {
    try {
      const call = { query: { path }, signal, bound: bounded(signal) };
      const stat = await this.#send('HEAD', `/containers/${id}/archive`, call, async ({ headers, body }) => {
        await body.dump();
        return Buffer.from(String(headers['x-docker-container-path-stat'] ?? ''), 'base64').toString('utf8');
      });
      return new Date(PathStat.parse(JSON.parse(stat)).mtime);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#text('POST', `/containers/${id}/start`, { signal });
  }

  /** Returns a connection to the standard input of a container, which may not have been started yet. */
  async attachStdin(id: string, signal?: AbortSignal): Promise<Duplex> {
    const path = `/containers/${id}/attach`;
    try {
      const { socket } = await upgrade(`${this.#origin}${path}?stream=1&stdin=1`, {
        dispatcher: this.#agent,
        method: 'POST',
        protocol: 'tcp',
        signal: bounded(signal),
      });
      return socket;
    } catch (error) {
      signal?.throwIfAborted();
      throw asEngineError(error, `POST ${path}`);
    }
  }

  /** Follows both streams of a container from their beginning, as frames (see log-frames.ts). */
  async followLogs(id: string, signal?: AbortSignal): Promise<Readable> {
    return this.#stream(`/containers/${id}/logs`, { query: { follow: '1', stdout: '1', stderr: '1' }, signal });
  }

  /** @param id or name */
  async inspect(id: string, signal?: AbortSignal): Promise<Inspection> {
    return Inspection.parse(await this.#json('GET', `/containers/${id}/json`, { signal }));
  }

  /** Returns the containers that have all of these labels, running or not. */
  async list(labels: string[], signal?: AbortSignal): Promise<Listed[]> {
    const query = { all: '1', filters: JSON.stringify({ label: labels }) };
    return Listed.parse(await this.#json('GET', '/containers/json', { query, signal }));
  }

  /** Returns the directory of a volume on the engine's machine. */
  async mountpoint(volume: string, signal?: AbortSignal): Promise<string> {
    const { Mountpoint } = Volume.parse(await this.#json('GET', `/volumes/${encodeURIComponent(volume)}`, { signal }));
    if (Mountpoint === '')
      throw new EngineError('refused', `the volume ${volume} has no directory on the engine's machine`);
    return Mountpoint;
  }

  /** @param options of the driver `local` */
  async createVolume(name: string, options: Record<string, string>, signal?: AbortSignal): Promise<void> {
    await this.#text('POST', '/volumes/create', { body: { Name: name, DriverOpts: options }, signal });
  }

  async removeVolume(name: string, signal?: AbortSignal): Promise<void> {
    await this.#text('DELETE', `/volumes/${name}`, { signal });
  }

  /** Returns the names of the engine and its parts. */
  async components(signal?: AbortSignal): Promise<string[]> {
    const { Components } = Version.parse(await this.#json('GET', '/version', { signal }));
    return (Components ?? []).map(({ Name }) => Name);
  }

  async rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    await this.#text('POST', `/containers/${id}/rename`, { query: { name }, signal });
  }

  /** Kills and removes a container with its own volumes. One that is gone, or being removed, is no error. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#text('DELETE', `/containers/${id}`, { query: { force: '1', v: '1' }, signal });
    } catch (error) {
      const isGone = error instanceof EngineError && ['not_found', 'conflict'].includes(error.failure);
      if (!isGone) throw error;
    }
  }

  async #json(method: Method, path: string, call: Call): Promise<unknown> {
    return JSON.parse(await this.#text(method, path, call));
  }

  async #text(method: Method, path: string, call: Call): Promise<string> {
    return this.#send(method, path, { ...call, bound: bounded(call.signal) }, async ({ body }) => body.text());
  }

  /** The body streams as long as it likes; the headers are due in time. */
  async #stream(path: string, call: Call): Promise<Readable> {
    return this.#send('GET', path, { ...call, bound: call.signal }, async ({ body }) => body);
  }

  async #send<Result>(
    method: Method,
    path: string,
    { query = {}, body, signal, bound }: Call & { bound: AbortSignal | undefined },
    read: (answer: Dispatcher.ResponseData) => Promise<Result>,
  ): Promise<Result> {
    const isArchive = Buffer.isBuffer(body);
    try {
      const answer = await request(`${this.#origin}${path}?${new URLSearchParams(query).toString()}`, {
        method,
        dispatcher: this.#agent,
        signal: bound,
        ...(body !== undefined && {
          headers: { 'content-type': isArchive ? 'application/x-tar' : 'application/json' },
          body: isArchive ? body : JSON.stringify(body),
        }),
      });
      const { statusCode } = answer;
      if (statusCode < 300 || statusCode === 304) return await read(answer);
      const failure = statusCode === 404 ? 'not_found' : statusCode === 409 ? 'conflict' : 'refused';
      throw new EngineError(failure, messageIn(await answer.body.text()) || `status ${statusCode}`);
    } catch (error) {
      signal?.throwIfAborted();
      throw asEngineError(error, `${method} ${path}`);
    }
  }
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, timeout]) : timeout;
}

/** Returns the engine's words, of JSON or another text. */
function messageIn(text: string): string {
  let message = text;
  try {
    message = Message.parse(JSON.parse(text)).message;
  } catch {
    // It is not the engine's JSON; its text says more than nothing.
  }
  return message.trim().slice(0, LONGEST_MESSAGE);
}

function asEngineError(error: unknown, call: string): EngineError {
  if (error instanceof EngineError) return error;
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const timedOut = name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT';
  const failure = timedOut ? 'timed_out' : 'unreachable';
  return new EngineError(failure, `the engine does not answer (${call}): ${message || code}`, { cause: error });
}
