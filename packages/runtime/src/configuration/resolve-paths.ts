import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { type Config, Settings } from '@nightcrier/core/settings/config';
import { mapPaths } from '@nightcrier/core/settings/map-paths';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The root of the workspace, with the files that the product ships: the agent script and the system prompt. */
export const INSTALLATION = path.resolve(import.meta.dirname, '../../../..');

/** Makes all paths of a configuration absolute. @param folder of the configuration file */
export function resolvePaths({ clusters, ...settings }: Config, folder?: string): Config {
  const resolve = (file: string): string => resolvePath(file, folder);
  return {
    ...mapPaths(Settings, settings, resolve),
    clusters: clusters.map((cluster) => mapPaths(ClusterConfig, cluster, resolve)),
  };
}

/**
 * Returns a path that is absolute. A relative file is looked for beside the configuration file, then in the working directory,
 * then in the installation. Folders, which need not exist yet, are relative to the working directory.
 * @param folder of the configuration file
 */
export function resolvePath(file: string, folder?: string): string {
  const expanded = file.startsWith('~/') ? path.join(homeDirectory(), file.slice(2)) : file;
  const beside = folder === undefined ? undefined : path.resolve(folder, expanded);
  if (beside !== undefined && isReadableFile(beside)) return beside;
  const here = path.resolve(expanded);
  const shipped = path.resolve(INSTALLATION, expanded);
  return !path.isAbsolute(expanded) && !isReadableFile(here) && isReadableFile(shipped) ? shipped : here;
}

/** The user's home directory; the root for a user without one: HOME is not set, and the user id has no name. */
export function homeDirectory(): string {
  try {
    return homedir() || '/';
  } catch {
    return '/';
  }
}

/** Whether a readable regular file is there. */
export function isReadableFile(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The text of a regular file; undefined if it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return isReadableFile(file) ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
