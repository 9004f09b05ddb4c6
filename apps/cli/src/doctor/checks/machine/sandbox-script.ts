import type { RunRequest } from '@nightcrier/triage-worker/agent-runtime';

const PREFIX = 'nightcrier-doctor:';

/** What a container of the agents shows of itself. */
export interface Sandbox {
  /** Versions of the programs that are there. */
  programs: Map<string, string>;
  /** Limits in force, by the names of the cgroup files. */
  limits: Map<string, string>;
}

/** Returns a script for bash that prints the limits of its container, and the versions of these programs and of kubectl. */
export function sandboxScript(agents: readonly string[]): string {
  return `
limit() { local name=$1; shift; for file; do [[ -r $file ]] && { echo "${PREFIX} limit $name $(tr '\\n' ' ' <"$file")"; return; }; done; }
group=/sys/fs/cgroup
limit memory $group/memory.max $group/memory/memory.limit_in_bytes
limit cpu $group/cpu.max $group/cpu/cpu.cfs_quota_us
limit pids $group/pids.max $group/pids/pids.max
for program in ${[...agents, 'kubectl'].join(' ')}; do
  command -v "$program" >/dev/null || continue
  if [[ $program == kubectl ]]; then text=$(timeout 10 kubectl version --client 2>/dev/null); else text=$(timeout 20 "$program" --version 2>/dev/null); fi
  [[ $text =~ [0-9]+[.][0-9]+[.][0-9]+[^[:space:]]* ]] && version=\${BASH_REMATCH[0]} || version='(unknown version)'
  echo "${PREFIX} program $program $version"
done
`;
}

/** Reads the output of {@link sandboxScript}. */
export function readSandbox(output: string): Sandbox {
  const found: Sandbox = { programs: new Map(), limits: new Map() };
  for (const line of output.split('\n')) {
    const [, kind, name, value] = /^nightcrier-doctor: (program|limit) (\S+) (.{1,60})$/.exec(line.trimEnd()) ?? [];
    if (name === undefined || value === undefined) continue;
    (kind === 'program' ? found.programs : found.limits).set(name, value.trim());
  }
  return found;
}

/** Returns the programs that an investigation needs and the image lacks. */
export function missingPrograms({ programs }: Sandbox, agents: readonly string[]): string[] {
  return [...agents, 'kubectl'].filter((program) => !programs.has(program));
}

/** Returns which limits are not in force as they were requested. A limit that cannot be read is none. */
export function limitProblems({ limits }: Sandbox, { memory, cpus }: Pick<RunRequest, 'memory' | 'cpus'>): string[] {
  const [quota = 'max', period = '100000'] = (limits.get('cpu') ?? 'max').split(' ');
  const actual = {
    memory: Number(limits.get('memory') ?? Number.NaN),
    cpu: quota === 'max' || quota === '-1' ? Number.POSITIVE_INFINITY : Number(quota) / Number(period),
    pids: Number(limits.get('pids') ?? Number.NaN),
  };
  // The kernel rounds memory to pages.
  return [
    ...(actual.memory <= memory ? [] : ['the memory of a container is not limited']),
    ...(actual.cpu <= cpus + 0.01 ? [] : ['its CPU time is not limited']),
    ...(actual.pids <= 512 ? [] : ['the number of its processes is not limited']),
  ];
}
