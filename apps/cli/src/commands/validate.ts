import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { EXIT_CODES } from '@nightcrier/runtime/exit-code';
import { KnowledgeFolder } from '@nightcrier/runtime/knowledge/knowledge-folder';
import Table from 'cli-table3';

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
  const clusters = loaded.config.clusters.map((cluster) => ({
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
  const rows = clusters.map((row) =>
    [row.name, row.endpoint, row.triage ? 'enabled' : 'disabled', row.kubeconfig ?? '–'].map(escapeControls),
  );
  console.log(`${clusterTable(rows)}\n${escapeControls(file ?? loaded.file ?? 'the configuration')} is valid`);
  return 0;
}

const HEAD = ['cluster', 'endpoint', 'triage', 'kubeconfig'];
/** The table library takes seconds for thousands of rows. */
const MOST_FRAMED = 200;

function clusterTable(rows: string[][]): string {
  if (rows.length <= MOST_FRAMED) {
    const table = new Table({ head: HEAD, style: { head: ['bold'], border: [] } });
    table.push(...rows);
    return table.toString();
  }
  const lines = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => lines.reduce((most, line) => Math.max(most, line[column]?.length ?? 0), 0));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
