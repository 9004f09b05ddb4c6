import type { Config } from '@nightcrier/core/settings/config';
import { SETTINGS } from '@nightcrier/core/settings/setting-list';
import { valueAt, withValue } from '@nightcrier/core/settings/setting-value';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The root of the workspace, with the files that the product ships: the agent script and the system prompt. */
export const INSTALLATION = path.resolve(import.meta.dirname, '../../../..');

/** Makes all paths of a configuration absolute. */
export function resolvePaths(config: Config): Config {
  let resolved = config;
  for (const setting of SETTINGS) {
    const value = setting.meta.path === undefined ? undefined : valueAt(config, setting.path);
    if (typeof value === 'string') resolved = withValue(resolved, setting.path, resolvePath(value));
  }
  const absolute = (file?: string): string | undefined => (file === undefined ? undefined : resolvePath(file));
  return {
    ...resolved,
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      mcp: {
        ...cluster.mcp,
        api_key_file: absolute(cluster.mcp.api_key_file),
        ca_file: absolute(cluster.mcp.ca_file),
        client_cert_file: absolute(cluster.mcp.client_cert_file),
        client_key_file: absolute(cluster.mcp.client_key_file),
      },
      triage: { ...cluster.triage, kubeconfig: absolute(cluster.triage.kubeconfig) },
    })),
  };
}

/** Relative to the working directory; a relative file that is only in the installation is found there. */
export function resolvePath(file: string): string {
  const expanded = file.startsWith('~/') ? path.join(homedir(), file.slice(2)) : file;
  const here = path.resolve(expanded);
  const shipped = path.resolve(INSTALLATION, expanded);
  return !path.isAbsolute(expanded) && !isReadableFile(here) && isReadableFile(shipped) ? shipped : here;
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
