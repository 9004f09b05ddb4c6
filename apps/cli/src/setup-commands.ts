import { type Command, Option } from 'commander';
import { AGENT_CLIS } from '@nightcrier/core/settings/agent-cli';
import type { CommandParts } from './command-parts.ts';
import type { ReplayOptions } from './replay/replay.ts';

/** Adds the commands that set an installation up, and examine it. */
export function addSetupCommands(program: Command, { outputOption }: CommandParts): void {
  program
    .command('doctor')
    .summary('find what is wrong with the set-up, and its fix')
    .description(
      'examine everything that Nightcrier depends on; prints the fix of each problem, and exits 1 if one failed',
    )
    .argument('[config]', 'configuration file (default: the one that up would read)')
    .addOption(new Option('--only <check...>', 'examine these alone, such as redis mcp').default([]))
    .addOption(outputOption())
    .action(async (file: string | undefined, { only, output }: { only: string[]; output: 'table' | 'json' }) => {
      const { doctor } = await import('./doctor/doctor.ts');
      process.exitCode = await doctor({ file, format: output, only });
    });

  program
    .command('replay')
    .summary('diagnose recorded evidence again')
    .description(
      'diagnose the recorded evidence of an incident again, and compare; contacts no cluster; exits 1 if the cause differs',
    )
    .argument('<incident-id>', 'the id, or its beginning')
    .option('--config <file>', 'configuration file with workspace_root (default: the one that up would read)')
    .addOption(
      new Option('--agent <name>', 'an AI agent in its container, with the keys of the configuration')
        .choices(AGENT_CLIS)
        .default('builtin'),
    )
    .option('--model <name>', 'model of the agent (default: agent_model, if the agent is agent_cli)')
    .option('--report <file>', 'write the new report to this file')
    .addOption(outputOption())
    .action(async (id: string, options: ReplayOptions) => {
      const { replay } = await import('./replay/replay.ts');
      process.exitCode = await replay(id, options);
    });

  program
    .command('rbac')
    .summary('print the manifests of the account')
    .description('print the manifests of the account that the clusters need: nightcrier rbac | kubectl apply -f -')
    .argument('[config]', 'configuration file (default: the one that up would read)')
    .option('--cluster <name>', 'only what this cluster needs')
    .action(async (file: string | undefined, { cluster }: { cluster?: string }) => {
      const { printManifests } = await import('./cluster-access/manifests.ts');
      await printManifests({ file, cluster });
    });

  program
    .command('kubeconfig')
    .description('make the kubeconfig of a cluster')
    .command('create')
    .description(
      'write the kubeconfig of the account that rbac creates, with a new token; replaces an older file at once',
    )
    .argument('<file>', 'where it is written; only its owner can read it')
    .option('--cluster <name>', 'name of its context (default: that of the cluster in your kubeconfig)')
    .option('--context <name>', 'context of your kubeconfig (default: the current one)')
    .option('--duration <duration>', 'life of the token, such as 720h; the API server may shorten it', '720h')
    .action(async (file: string, options: { cluster?: string; context?: string; duration: string }) => {
      const { createKubeconfig } = await import('./cluster-access/create-kubeconfig.ts');
      const { cluster, context, duration } = options;
      process.exitCode = await createKubeconfig({ file, cluster, context, duration }, process.env);
    });
}
