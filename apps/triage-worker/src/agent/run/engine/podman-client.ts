import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ContainerSpec, EngineClient } from './engine-client.ts';
import { EngineError, isNotFound } from './engine-error.ts';

/** Begins the names of volumes in memory, which are removed with their container. */
const VOLUME = 'nightcrier-tmpfs-';
const SECCOMP = 'seccomp=';
/** Bytes of a page, in which a tmpfs counts. */
const PAGE = 4096;
const UNITS: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * A client of Podman's service. Where that differs from the Docker Engine API (Podman 4.3), another way gives the same container: a seccomp
 * profile is a file on the engine's machine, and a tmpfs with an owner or a bound is a volume, which exists before its container.
 */
export class PodmanClient extends EngineClient {
  #folder: string | undefined;

  override async close(): Promise<void> {
    await super.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  override async create(name: string, spec: ContainerSpec, signal?: AbortSignal): Promise<string> {
    const { Tmpfs, Mounts, SecurityOpt } = spec.HostConfig;
    const owned = Object.entries(Tmpfs).filter(([, options]) => options.includes('uid='));
    const bounded = Mounts.flatMap(({ Target, VolumeOptions }) => {
      const options = VolumeOptions?.DriverConfig?.Options.o;
      return options === undefined ? [] : [[Target, options] as const];
    });
    const volumes = [...owned, ...bounded].map(([Target, options]) => {
      return { mount: { Type: 'volume', Source: `${VOLUME}${randomUUID()}`, Target }, options };
    });
    const isVolume = (directory: string): boolean => volumes.some(({ mount }) => mount.Target === directory);
    const HostConfig = {
      ...spec.HostConfig,
      Tmpfs: Object.fromEntries(Object.entries(Tmpfs).filter(([directory]) => !isVolume(directory))),
      Mounts: [...Mounts.filter(({ Target }) => !isVolume(Target)), ...volumes.map(({ mount }) => mount)],
      SecurityOpt: SecurityOpt.map((option) => (option.startsWith(SECCOMP) ? this.#inFile(option) : option)),
    };
    try {
      for (const { mount, options } of volumes) {
        await this.createVolume(mount.Source, { type: 'tmpfs', device: 'tmpfs', o: inPages(options) }, signal);
      }
      return await super.create(name, { ...spec, HostConfig }, signal);
    } catch (error) {
      await Promise.allSettled(volumes.map(async ({ mount }) => this.removeVolume(mount.Source)));
      if (!(error instanceof EngineError) || !error.message.includes('seccomp profile')) throw error;
      const advice = `podman reads the seccomp profile from ${this.#folder}, so that it must share this directory with the worker; set TMPDIR`;
      throw new EngineError('refused', `${advice}: ${error.message}`, { cause: error });
    }
  }

  override async remove(id: string, signal?: AbortSignal): Promise<void> {
    const mounts = await this.#mountsOf(id, signal);
    await super.remove(id, signal);
    const own = mounts.filter((name) => name.startsWith(VOLUME));
    await Promise.allSettled(own.map(async (name) => this.removeVolume(name, signal)));
  }

  async #mountsOf(id: string, signal?: AbortSignal): Promise<string[]> {
    try {
      return (await this.inspect(id, signal)).Mounts.flatMap(({ Name }) => Name ?? []);
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  /** Writes the profile of an option to a file. Returns the option with its path. */
  #inFile(option: string): string {
    this.#folder ??= mkdtempSync(path.join(tmpdir(), 'nightcrier-podman-'));
    const file = path.join(this.#folder, 'seccomp.json');
    writeFileSync(file, option.slice(SECCOMP.length));
    return `${SECCOMP}${file}`;
  }
}

/** Podman takes `size` for a quota of the file system, so that the size of a tmpfs is given in pages. */
function inPages(options: string): string {
  return options.replace(/\bsize=(\d+)([kmg]?)/, (_, number: string, unit: string) => {
    return `nr_blocks=${Math.ceil((Number(number) * (UNITS[unit] ?? 1)) / PAGE)}`;
  });
}
