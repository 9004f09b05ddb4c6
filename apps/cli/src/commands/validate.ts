import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { EXIT_CODES } from '@nightcrier/runtime/exit-code';
import { KnowledgeFolder } from '@nightcrier/runtime/knowledge/knowledge-folder';
import { type ListColumn, printList } from '../lists/print-list.ts';

interface ClusterRow {
  name: string;
  endpoint: string;
  triage: boolean;
  kubeconfig: string | undefined;
}

const COLUMNS: ListColumn<ClusterRow>[] = [
  { head: 'cluster', text: ({ name }) => name, least: 8 },
  { head: 'endpoint', text: ({ endpoint }) => endpoint, least: 20 },
  { head: 'triage', text: ({ triage }) => (triage ? 'enabled' : 'disabled') },
  { head: 'kubeconfig', text: ({ kubeconfig }) => kubeconfig ?? '–', least: 20 },
];

/**
 * `nightcrier validate [CONFIG]`: every problem of a configuration with its line and column.
 * @returns the exit code
 */
export async function validate(file: string | undefined, format: 'table' | 'json'): Promise<number> {
  let loaded;
  try {
    loaded = await loadConfig({ flags: file === undefined ? {} : { config: file }, environment: process.env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (format === 'json')
      console.log(escapeControls(JSON.stringify({ valid: false, problems: error.problems.map(hideSecrets) })));
    else console.error(escapeControls(hideSecrets(error.message)));
    return EXIT_CODES.configuration;
  }
  const { problems } = await new KnowledgeFolder().read(loaded.config.knowledge_dir);
  if (problems.length > 0) {
    if (format === 'json')
      console.log(escapeControls(JSON.stringify({ valid: false, problems: problems.map(hideSecrets) })));
    else console.error(escapeControls(hideSecrets(new ConfigError('knowledge_dir', problems).message)));
    return EXIT_CODES.configuration;
  }
  const clusters = loaded.config.clusters.map((cluster): ClusterRow => ({
    name: cluster.name,
    endpoint: cluster.mcp ? hideSecrets(cluster.mcp.endpoint) : 'Kubernetes API',
    triage: cluster.triage.enabled,
    kubeconfig: cluster.triage.kubeconfig,
  }));
  if (format === 'json') {
    console.log(escapeControls(JSON.stringify({ valid: true, warnings: loaded.warnings, clusters })));
    return 0;
  }
  for (const warning of loaded.warnings) console.error(escapeControls(`warning: ${warning}`));
  printList(clusters, COLUMNS, { format: 'table', none: 'no clusters' });
  console.log(escapeControls(`${file ?? loaded.file ?? 'the configuration'} is valid`));
  return 0;
}
