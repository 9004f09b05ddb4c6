import type { Duplex, Readable } from 'node:stream';
import { z } from 'zod';
import { EngineConnection } from './engine-connection.ts';
import type { EngineEndpoint } from './engine-endpoint.ts';
import { EngineError, isNotFound } from './engine-error.ts';

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

/**
 * A client of the Docker Engine API, which Podman's service speaks too. Calls carry no version, so that each engine answers
 * with its own. All methods throw {@link EngineError}.
 */
export class EngineClient {
  readonly #connection: EngineConnection;

  constructor(endpoint: EngineEndpoint) {
    this.#connection = new EngineConnection(endpoint);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** Creates a container and returns its id. */
  async create(name: string, spec: ContainerSpec, signal?: AbortSignal): Promise<string> {
    const created = await this.#connection.json('POST', '/containers/create', { query: { name }, body: spec, signal });
    return Created.parse(created).Id;
  }

  /** Extracts a tar archive into a directory of a container, which must be inside a writable volume. */
  async putArchive(id: string, directory: string, archive: Buffer, signal?: AbortSignal): Promise<void> {
    await this.#connection.text('PUT', `/containers/${id}/archive`, {
      query: { path: directory },
      body: archive,
      signal,
    });
  }

  /** Returns a directory of a container as a tar stream. */
  async getArchive(id: string, directory: string, signal?: AbortSignal): Promise<Readable> {
    return this.#connection.stream(`/containers/${id}/archive`, { query: { path: directory }, signal });
  }

  /** Returns when a file of a container was modified last; undefined if there is no such file, or container. */
  async modifiedAt(id: string, path: string, signal?: AbortSignal): Promise<Date | undefined> {
    try {
      const call = { query: { path }, signal };
      const header = await this.#connection.header('x-docker-container-path-stat', `/containers/${id}/archive`, call);
      const stat = Buffer.from(header ?? '', 'base64').toString('utf8');
      return new Date(PathStat.parse(JSON.parse(stat)).mtime);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.text('POST', `/containers/${id}/start`, { signal });
  }

  /** Returns a connection to the standard input of a container, which may not have been started yet. */
  async attachStdin(id: string, signal?: AbortSignal): Promise<Duplex> {
    return this.#connection.upgrade(`/containers/${id}/attach`, 'stream=1&stdin=1', signal);
  }

  /** Follows both streams of a container from their beginning, as frames (see log-frames.ts). */
  async followLogs(id: string, signal?: AbortSignal): Promise<Readable> {
    return this.#connection.stream(`/containers/${id}/logs`, {
      query: { follow: '1', stdout: '1', stderr: '1' },
      signal,
    });
  }

  /** @param id or name */
  async inspect(id: string, signal?: AbortSignal): Promise<Inspection> {
    return Inspection.parse(await this.#connection.json('GET', `/containers/${id}/json`, { signal }));
  }

  /** Returns the containers that have all of these labels, running or not. */
  async list(labels: string[], signal?: AbortSignal): Promise<Listed[]> {
    const query = { all: '1', filters: JSON.stringify({ label: labels }) };
    return Listed.parse(await this.#connection.json('GET', '/containers/json', { query, signal }));
  }

  /** Returns the directory of a volume on the engine's machine. */
  async mountpoint(volume: string, signal?: AbortSignal): Promise<string> {
    const { Mountpoint } = Volume.parse(
      await this.#connection.json('GET', `/volumes/${encodeURIComponent(volume)}`, { signal }),
    );
    if (Mountpoint === '')
      throw new EngineError('refused', `the volume ${volume} has no directory on the engine's machine`);
    return Mountpoint;
  }

  /** @param options of the driver `local` */
  async createVolume(name: string, options: Record<string, string>, signal?: AbortSignal): Promise<void> {
    await this.#connection.text('POST', '/volumes/create', { body: { Name: name, DriverOpts: options }, signal });
  }

  async removeVolume(name: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.text('DELETE', `/volumes/${name}`, { signal });
  }

  /** Returns the names of the engine and its parts. */
  async components(signal?: AbortSignal): Promise<string[]> {
    const { Components } = Version.parse(await this.#connection.json('GET', '/version', { signal }));
    return (Components ?? []).map(({ Name }) => Name);
  }

  async rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.text('POST', `/containers/${id}/rename`, { query: { name }, signal });
  }

  /** Kills and removes a container with its own volumes. One that is gone, or being removed, is no error. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#connection.text('DELETE', `/containers/${id}`, { query: { force: '1', v: '1' }, signal });
    } catch (error) {
      const isGone = error instanceof EngineError && ['not_found', 'conflict'].includes(error.failure);
      if (!isGone) throw error;
    }
  }
}
