import type { Command } from 'commander';
import type { CommandParts } from './command-parts.ts';
import type { ShownTimes } from './lists/duration.ts';
import type { ListFormat } from './lists/print-list.ts';

interface ClusterListOptions {
  watch: boolean;
  absolute: ShownTimes;
  output: ListFormat;
}

/** Adds the commands of clusters and of the queue. */
export function addClusterCommands(
  program: Command,
  { apiUrlOption, listOption, absoluteOption, clientOf }: CommandParts,
): void {
  const print = async (command: Command, options: ClusterListOptions): Promise<void> => {
    const { listClusters } = await import('./commands/clusters.ts');
    const { watch, output: format, absolute: times } = options;
    process.exitCode = await listClusters(clientOf(command), { watch, format, times });
  };

  const clusters = program
    .command('clusters')
    .summary('list clusters and what is not seen of them')
    .description('list clusters: which are watched, and what is not seen; exits 1 if one is not watched');
  const list = clusters
    .command('list', { isDefault: true })
    .summary('list clusters')
    .description('list clusters: which are watched, and what is not seen; exits 1 if one is not watched')
    .option('-w, --watch', 'print again every two seconds', false)
    .addOption(apiUrlOption())
    .addOption(absoluteOption())
    .addOption(listOption())
    .action(async (options: ClusterListOptions) => print(list, options));
  const watch = clusters
    .command('watch')
    .description('list clusters again every two seconds, as list --watch')
    .addOption(apiUrlOption())
    .addOption(absoluteOption())
    .addOption(listOption())
    .action(async (options: ClusterListOptions) => print(watch, { ...options, watch: true }));

  const queue = program
    .command('queue')
    .description('count the jobs of the triage queue by state')
    .addOption(apiUrlOption())
    .addOption(listOption())
    .action(async ({ output }: { output: ListFormat }) => {
      const { showQueue } = await import('./commands/queue.ts');
      await showQueue(clientOf(queue), output);
    });
}
