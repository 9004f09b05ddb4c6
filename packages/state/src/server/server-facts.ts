/** What `INFO` says about a server, as far as it matters here. */
export interface ServerFacts {
  version: string;
  role: string;
  /** Whether it is a node of a Redis Cluster. */
  cluster: boolean;
  evictionPolicy: string;
  /** Keys deleted to free memory since its start. */
  evictedKeys: number;
  /** Bytes that count against `maxmemory`. */
  usedMemory: number;
  /** 0: no limit. */
  maxMemory: number;
  /** Whether the last writes to its append-only file and of its snapshot succeeded. */
  persists: boolean;
  /** Whether it keeps an append-only file. */
  appendOnly: boolean;
}

/** Reads the reply of `INFO`. A field that the server does not know has the value that means no problem. */
export function parseInfo(info: string): ServerFacts {
  const fields = new Map(
    info.split('\n').flatMap((line): [string, string][] => {
      const [, name, value] = /^([^#:]+):(.*?)\r?$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  return {
    version: fields.get('redis_version') ?? '',
    role: fields.get('role') ?? 'master',
    cluster: fields.get('cluster_enabled') === '1',
    evictionPolicy: fields.get('maxmemory_policy') ?? 'noeviction',
    evictedKeys: number('evicted_keys'),
    usedMemory: number('used_memory') - number('mem_not_counted_for_evict'),
    maxMemory: number('maxmemory'),
    persists: ['aof_last_write_status', 'rdb_last_bgsave_status'].every((name) => (fields.get(name) ?? 'ok') === 'ok'),
    appendOnly: (fields.get('aof_enabled') ?? '1') === '1',
  };
}
