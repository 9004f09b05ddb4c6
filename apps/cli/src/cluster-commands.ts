import type { Command } from 'commander';
import type { CommandParts } from './command-parts.ts';
import type { ShownTimes } from './lists/duration.ts';
import type { ListFormat } from './lists/print-list.ts';

/** Adds the commands of clusters and of the queue. */
export function addClusterCommands(
  program: Command,
  { apiUrlOption, listOption, absoluteOption, clientOf }: CommandParts,
): void {
  const clusters = program
    .command('clusters')
    .summary('list clusters and what is not seen of them')
    .description('list clusters: which are watched, and what is not seen; exits 1 if one is not watched')
    .option('-w, --watch', 'print again every two seconds', false)
    .addOption(apiUrlOption())
    .addOption(absoluteOption())
    .addOption(listOption())
    .action(async ({ watch, absolute, output }: { watch: boolean; absolute: ShownTimes; output: ListFormat }) => {
      const { listClusters } = await import('./commands/clusters.ts');
      process.exitCode = await listClusters(clientOf(clusters), { watch, format: output, times: absolute });
    });

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
