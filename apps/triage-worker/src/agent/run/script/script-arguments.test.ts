import { Settings } from '@nightcrier/core/settings/config';
import { expect, it } from 'vitest';
import { workspaceOf } from '../../../workspace/workspace.ts';
import { scriptArguments } from './script-arguments.ts';

const run = {
  incidentId: 'i-1',
  clusterName: 'alpha',
  attempt: 2,
  kubeconfig: '/kube/alpha.yaml',
  workspace: workspaceOf('/var/incidents', 'i-1'),
  workerId: 'host-7',
  instance: 'nightcrier-1a2b',
};

it('passes everything that the script needs', () => {
  const settings = Settings.parse({
    agent_cli: 'claude',
    agent_model: 'sonnet',
    agent_allowed_tools: ['Read', 'Bash(kubectl get:*)'],
    agent_timeout: '1m30s',
    agent_network: 'nightcrier',
    agent_cpus: 1.5,
    agent_memory: '1g',
  });
  expect(scriptArguments(run, settings).join(' ')).toBe(
    '-w /var/incidents/i-1 -m sonnet --kubeconfig /kube/alpha.yaml --agent claude --image nightcrier-agent:latest ' +
      '--engine docker --network nightcrier --timeout 90 --incident-id i-1 --attempt 2 ' +
      '--prompt-file /var/incidents/i-1/prompt-sent.md --allowed-tools Read,Bash(kubectl get:*) ' +
      '--output-dir /var/incidents/i-1/output --logs-dir /var/incidents/i-1/logs --memory 1g --cpus 1.5 ' +
      '--label nightcrier.instance=nightcrier-1a2b --label nightcrier.cluster=alpha --label nightcrier.worker=host-7',
  );
});

it('omits flags that are not set', () => {
  const flags = scriptArguments(run, Settings.parse({ agent_cli: 'claude' }));
  expect(flags).not.toContain('-m');
  expect(flags).not.toContain('--allowed-tools');
});

it('rounds a deadline up to whole seconds', () => {
  const flags = scriptArguments(run, Settings.parse({ agent_cli: 'claude', agent_timeout: 1.2 }));
  expect(flags[flags.indexOf('--timeout') + 1]).toBe('2');
});
