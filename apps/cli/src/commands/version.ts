import { VERSION } from '@nightcrier/core/version';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** What runs: printed by `nightcrier version` and `nightcrier --version`. */
export interface Version {
  version: string;
  /** Commit, with `-dirty` behind it if files of the checkout were changed. Undefined if it is not known. */
  commit: string | undefined;
  node: string;
}

/**
 * Reads the version of an installation. In an image, the commit is the build argument REVISION; in a checkout, git knows it.
 * @param installation root folder of the workspace
 */
export function readVersion(installation: string, environment: Record<string, string | undefined>): Version {
  const { NIGHTCRIER_REVISION: built } = environment;
  const commit = built === undefined || built === 'unknown' ? commitOf(installation) : built;
  return { version: VERSION, commit, node: process.version };
}

/** Returns the version in one line, such as `0.1.0 (commit 0123abc, Node.js v24.0.0)`. */
export function describeVersion({ version, commit = 'unknown', node }: Version): string {
  return `${version} (commit ${commit}, Node.js ${node})`;
}

/** Prints the version as lines or as JSON. */
export function showVersion(version: Version, format: 'table' | 'json'): void {
  if (format === 'json') {
    console.log(JSON.stringify(version));
    return;
  }
  console.log(`nightcrier  ${version.version}`);
  console.log(`commit      ${version.commit ?? 'unknown'}`);
  console.log(`node        ${version.node}`);
}

function commitOf(installation: string): string | undefined {
  // Without this, git would find the repository of a folder around an unpacked release.
  if (!existsSync(path.join(installation, '.git'))) return undefined;
  const words = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'];
  const { stdout, status } = spawnSync('git', words, {
    cwd: installation,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}
