import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { INSTALLATION } from '../installation.ts';

/**
 * `nightcrier rbac`: prints the account of the clusters of a configuration, with the rights that their entries use and no others.
 * @param cluster prints those of this one
 * @throws ExitError usage when it is not configured
 */
export async function printManifests({
  file,
  cluster,
}: {
  file: string | undefined;
  cluster: string | undefined;
}): Promise<void> {
  const { config } = await loadConfig({ flags: file === undefined ? {} : { config: file }, environment: process.env });
  const clusters = clusterNamed(config.clusters, cluster);
  console.log(await manifestsFor(clusters));
}

/** Returns the manifests that an account needs to watch and investigate these clusters. */
export async function manifestsFor(clusters: readonly ClusterConfig[]): Promise<string> {
  const withSecrets = clusters.filter(({ triage }) => triage.enabled && triage.allow_secrets_access);
  const parts = [await read('rbac.yaml')];
  if (withSecrets.length > 0) {
    const others = clusters.length > withSecrets.length ? ', and for no other' : '';
    const names = withSecrets.map(({ name }) => name).join(', ');
    parts.push(`# For ${names}${others}: allow_secrets_access is set.\n${await read('rbac-helm.yaml')}`);
  }
  return parts.join('\n---\n');
}

/** Returns the clusters with this name, all without one. @throws ExitError usage for an unknown one */
export function clusterNamed(clusters: readonly ClusterConfig[], name: string | undefined): readonly ClusterConfig[] {
  if (name === undefined) return clusters;
  const found = clusters.filter((cluster) => cluster.name === name);
  if (found.length > 0) return found;
  const known = clusters.map((cluster) => cluster.name).join(', ');
  throw new ExitError('usage', `--cluster: the configuration has no cluster ${JSON.stringify(name)}, only ${known}`);
}

async function read(name: string): Promise<string> {
  return (await readFile(path.join(INSTALLATION, 'deploy', name), 'utf8')).trimEnd();
}
