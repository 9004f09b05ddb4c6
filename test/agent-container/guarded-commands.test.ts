import { execa } from 'execa';
import { createServer } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import type { Step } from '../fixtures/stub-llm/script.ts';
import { type Agent, KEYS, startAttempt } from './attempt.ts';
import { useAgentContainer } from './use-agent-container.ts';

const why = await whyNoDocker();

/** With only the commands of the list; each prints the token of the run, reads outside of the investigation, or leads elsewhere. */
const LEAKS = [
  'jq -n env',
  "jq -n '$ENV'",
  'jq --rawfile x /proc/self/environ -n $x',
  'cat /proc/self/environ',
  'cat /pro?/self/environ',
  'cat /proc/*/environ',
  'cat /tmp/../proc/self/environ',
  'cat /tmp/link',
  'cat </proc/self/environ',
  'head -c 10000 /proc/$$/environ',
  'tail /proc/self/environ',
  'cut -c 1- /proc/self/environ',
  'grep -a . /proc/self/environ',
  'grep -f/proc/self/environ x',
  'grep --file=/proc/self/environ x',
  'grep -ra . /proc/self/task',
  'cd /proc/self && cat environ',
  'cd /proc/self && grep -ra PROBE .',
  'wc --files0-from=/proc/self/environ',
  'date -f /proc/self/environ',
  'ls /proc/self/fd',
  'cat /etc/passwd',
];
const ELSEWHERE = [
  'kubectl get pods --server=http://elsewhere',
  'kubectl get pods --server http://elsewhere',
  'kubectl get -shttp://elsewhere pods',
  'kubectl get -As http://elsewhere pods',
  'kubectl get pods --kubeconfig=/tmp/other',
  'kubectl get pods --kubeconfig /tmp/other',
  'kubectl get pods --token=x',
  'kubectl get pods --as=admin',
  'kubectl get pods --as-group=system:masters',
  'kubectl get --raw=/api/v1/secrets',
  'kubectl get -f http://elsewhere/x.yaml',
  'kubectl get --filename=http://elsewhere/x.yaml',
  'kubectl describe -k http://elsewhere/x',
  'kubectl get pods --v=9',
  'kubectl get pods -v9',
  'kubectl version --context=other',
  'kubectl get pods --cache-dir=/home/agent/output',
  'helm list --kube-apiserver=http://elsewhere',
  'helm list --kube-token x',
  'helm list --kube-context other',
  'helm get all x --kubeconfig=/tmp/other',
  'helm list --registry-config /tmp/other',
  'helm get manifest http://elsewhere/x',
];
const ORDINARY = [
  ['cat incident.json', '{"a":1}'],
  ['jq -c .a <incident.json', '1'],
  ['echo x | cat', 'x'],
  ['grep -c a incident.json', '1'],
  ['ls incident.json', 'incident.json'],
  ['kubectl version --client -o json | jq -r .clientVersion.major', '1'],
  // The image has helm for this architecture only.
  ...(process.arch === 'x64'
    ? [['helm list 2>&1 | grep -o "cluster unreachable"', 'cluster unreachable'] as const]
    : []),
] as const;

describe.skipIf(why)(`the commands of an agent${why ? ` (skipped: ${why})` : ''}`, () => {
  const suite = useAgentContainer();

  /** Runs each line by a shell of its own in one container; returns what each printed. */
  async function outputs(lines: readonly string[]): Promise<string[]> {
    const script = [
      'export PROBE=the-token PATH=/opt/nightcrier/guard:$PATH',
      'ln -s /proc/self/environ /tmp/link; cp /etc/hostname /tmp/other; cd /home/work; echo \'{"a":1}\' >incident.json',
      ...lines.map((line) => `bash -c ${quoted(line)} 2>&1 | tr -d '\\0\\n'; printf '\\n'`),
    ];
    const { stdout } = await execa('docker', ['run', '--rm', '-i', '--network', 'none', suite.image, 'bash', '-s'], {
      input: script.join('\n'),
      lines: true,
    });
    return stdout;
  }

  it('print no token and nothing outside of the investigation, however it is spelled', async () => {
    const printed = await outputs(LEAKS);
    for (const [at, line] of LEAKS.entries()) {
      expect.soft(printed[at], line).not.toMatch(/the-token|root:x|^\d+$/);
      expect.soft(printed[at], line).toMatch(/is not open to agents|"PATH"/);
    }
  });

  it('lead nowhere else', async () => {
    const printed = await outputs(ELSEWHERE);
    for (const [at, line] of ELSEWHERE.entries()) expect.soft(printed[at], line).toMatch(/is not open to agents$/);
  });

  it('do what an investigation needs', async () => {
    const printed = await outputs(ORDINARY.map(([line]) => line));
    expect(printed).toEqual(ORDINARY.map(([, output]) => output));
  });

  it.each<[Agent, string]>([
    ['claude', KEYS.ANTHROPIC_API_KEY],
    ['codex', KEYS.OPENAI_API_KEY],
    ['gemini', KEYS.GEMINI_API_KEY],
  ])('are guarded under the real %s', async (agent, key) => {
    const received: string[] = [];
    const elsewhere = createServer((request, response) => {
      received.push(request.url ?? '');
      response.end('{}');
    }).listen(0, suite.network.gateway);
    await new Promise((resolve) => void elsewhere.once('listening', resolve));
    const address = elsewhere.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const steps: Step[] = [
      { shell: 'jq -n env' },
      { shell: 'cat /pro?/self/environ' },
      { shell: 'cat /pro?/[0-9]*/environ' },
      { shell: `kubectl get pods --server=http://${suite.network.gateway}:${port}` },
      { write: { path: 'output/investigation.md', content: '# Pod web-1 crashes\n\n## Root Cause\nNone.\n' } },
      { text: 'Report written.' },
    ];
    await startAttempt(suite.workspace, { ...(await suite.scripted(steps)), agent });
    elsewhere.close();
    elsewhere.closeAllConnections();
    expect(await suite.workspace.read('output/investigation.md')).toContain('Root Cause');
    expect(received).toEqual([]);
    for (const name of await readdir(join(suite.workspace.path, 'logs'))) {
      expect(await readFile(join(suite.workspace.path, 'logs', name), 'utf8')).not.toContain(key);
    }
  });
});

function quoted(line: string): string {
  return `'${line.replaceAll("'", String.raw`'\''`)}'`;
}
