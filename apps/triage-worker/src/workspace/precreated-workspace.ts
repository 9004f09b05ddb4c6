import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WORKSPACE_PARTS, type WorkspacePool } from './workspace.ts';

/** Prefix of the directory of a workspace that no incident has yet. */
export const PRECREATED_PREFIX = '.spare-';
/** Delay before the next one is created, so that it does not compete with the run that took the last one. */
const CREATE_AFTER_MS = 10;
/** Created empty; their writers create what is missing. */
const FILES = [
  'incident.json.new',
  'incident_cluster_permissions.json.new',
  'prompt-sent.md.new',
  'evidence/index.json',
  'logs/script-stdout.log',
  'logs/script-stderr.log',
];

/**
 * Keeps one workspace created ahead in the root: an incident takes it by one rename instead of ten calls that create
 * directories and files (docs/adr/0038-synchronous-workspace-writes.md). If there is none, workspaces are created on
 * demand.
 */
export class PrecreatedWorkspace implements WorkspacePool {
  #ready: string | undefined;
  #creating: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** Creates the first one. Never rejects. */
  async start(root: string): Promise<void> {
    this.#creating ??= this.#create(root).finally(() => (this.#creating = undefined));
    return this.#creating;
  }

  take(directory: string): boolean {
    const root = path.dirname(directory);
    if (!this.#stopped) this.#timer ??= setTimeout(() => this.#createNext(root), CREATE_AFTER_MS);
    if (this.#ready === undefined || path.dirname(this.#ready) !== root) return false;
    try {
      renameSync(this.#ready, directory);
      this.#ready = undefined;
      return true;
    } catch {
      // The incident has a workspace of an earlier attempt, or the pre-created one was removed.
      return false;
    }
  }

  /** Removes the pre-created workspace. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#creating;
    await this.#discard();
  }

  #createNext(root: string): void {
    this.#timer = undefined;
    void this.start(root);
  }

  async #create(root: string): Promise<void> {
    await this.#discard();
    const directory = path.join(root, `${PRECREATED_PREFIX}${randomUUID()}`);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const part of WORKSPACE_PARTS) await mkdir(path.join(directory, part), { mode: 0o700 });
      for (const file of FILES) await writeFile(path.join(directory, file), '', { mode: 0o600 });
      this.#ready = directory;
    } catch {
      // The next incident reports why none can be created.
      await rm(directory, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Removes one that was not taken: it belongs to another root, or is gone. */
  async #discard(): Promise<void> {
    const unused = this.#ready;
    this.#ready = undefined;
    if (unused !== undefined) await rm(unused, { recursive: true, force: true }).catch(() => undefined);
  }
}
