import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WORKSPACE_PARTS } from './workspace.ts';

/** Begins the names of workspaces that no incident has yet. */
export const SPARE = '.spare-';
/** The run that has taken the last one goes first. */
const MADE_AFTER_MS = 10;
/** Made empty, for whoever writes them; where one is missing, it is made then. */
const FILES = [
  'incident.json.new',
  'incident_cluster_permissions.json.new',
  'prompt-sent.md.new',
  'evidence/index.json',
  'logs/script-stdout.log',
  'logs/script-stderr.log',
];

/**
 * Keeps one workspace ready-made in the root: an incident that gets it waits for one call of the file system in place of ten
 * that make directories and files, which cost most of its preparation (docs/adr/0038-workspaces-are-written-in-one-go.md).
 * Where there is none, or it cannot be made, workspaces are made as they are needed.
 */
export class SpareWorkspace {
  #ready: string | undefined;
  #making: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** Makes the first one. Never rejects. */
  async start(root: string): Promise<void> {
    this.#making ??= this.#make(root).finally(() => (this.#making = undefined));
    return this.#making;
  }

  /** Gives the spare one the name of a workspace that is not there yet. Returns whether it did. */
  take(directory: string): boolean {
    const root = path.dirname(directory);
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.#makeNext(root), MADE_AFTER_MS);
    if (this.#ready === undefined || path.dirname(this.#ready) !== root) return false;
    try {
      renameSync(this.#ready, directory);
      this.#ready = undefined;
      return true;
    } catch {
      // The incident has a workspace, of an attempt before; or somebody has removed the spare one.
      return false;
    }
  }

  /** Removes it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#making;
    await this.#discard();
  }

  #makeNext(root: string): void {
    this.#timer = undefined;
    void this.start(root);
  }

  async #make(root: string): Promise<void> {
    await this.#discard();
    const directory = path.join(root, `${SPARE}${randomUUID()}`);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const part of WORKSPACE_PARTS) await mkdir(path.join(directory, part), { mode: 0o700 });
      for (const file of FILES) await writeFile(path.join(directory, file), '', { mode: 0o600 });
      this.#ready = directory;
    } catch {
      // Whoever needs a workspace will say why none can be made.
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** One that is left was not taken: it is of another root, or gone. */
  async #discard(): Promise<void> {
    const left = this.#ready;
    this.#ready = undefined;
    if (left !== undefined) await rm(left, { recursive: true, force: true }).catch(() => undefined);
  }
}
