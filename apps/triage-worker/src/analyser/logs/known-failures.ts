/** A sort of failure that applications of all kinds report in much the same words. */
export interface KnownFailure {
  pattern: RegExp;
  meaning: string;
  advice: string;
}

/** Most specific first: the first that matches a line wins. */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /permission denied for (table|relation|schema|database|sequence|view|function)|SQLSTATE 42501/i,
    meaning: 'its database user lacks a permission',
    advice: 'Grant the database user the permission that the message names, or use the user that has it.',
  },
  {
    pattern: /password authentication failed|access denied for user|authentication failed|invalid credentials|NOAUTH/i,
    meaning: 'a service it depends on rejects its credentials',
    advice: 'Check the credentials that the container gets against those of the service; they may have been rotated.',
  },
  {
    pattern: /connection refused|ECONNREFUSED/i,
    meaning: 'a service it depends on refuses the connection',
    advice: 'Check that the service it connects to has ready pods and listens on that port.',
  },
  {
    pattern:
      /no such host|ENOTFOUND|EAI_AGAIN|name or service not known|could not (translate|resolve) host|name resolution/i,
    meaning: 'the name of a service it depends on cannot be resolved',
    advice: 'Check the host name in the configuration, that the Service exists in that namespace, and the cluster DNS.',
  },
  {
    pattern: /i\/o timeout|ETIMEDOUT|connection timed out|context deadline exceeded|connect timeout/i,
    meaning: 'a service it depends on does not answer in time',
    advice: 'Check that the service is up and that no network policy or firewall drops the traffic.',
  },
  {
    pattern:
      /(environment variable|env(ironment)? var|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b).{0,40}(not set|is required|required but|missing|must be set|not defined|undefined|is empty)|(missing|required|unset|undefined) (required )?(environment|env)\b|KeyError: '[A-Z][A-Z0-9_]+'/,
    meaning: 'a setting that it needs from its environment is missing',
    advice: 'Set the variable that the message names in the container, or in the ConfigMap or Secret that fills it.',
  },
  {
    pattern: /address already in use|EADDRINUSE/i,
    meaning: 'the port that it wants to listen on is taken',
    advice: 'Let only one process of the pod listen on that port (mind hostNetwork and hostPort).',
  },
  {
    pattern: /no space left on device|ENOSPC|disk quota exceeded/i,
    meaning: 'its disk is full',
    advice: 'Free or enlarge the volume, or raise the limit for ephemeral storage.',
  },
  {
    pattern: /heap out of memory|OutOfMemoryError|runtime: out of memory|MemoryError|Cannot allocate memory/i,
    meaning: 'it runs out of memory by its own bounds',
    advice: "Raise the runtime's heap bound together with the container's memory limit, or let it need less.",
  },
  {
    pattern: /exec format error/i,
    meaning: 'its program is built for another processor architecture',
    advice: "Build the image for the node's architecture, or choose nodes that fit it.",
  },
  {
    pattern:
      /executable file not found|command not found|cannot find module|ModuleNotFoundError|ClassNotFoundException|NoClassDefFoundError|error while loading shared libraries/i,
    meaning: 'a program, module or library is missing from its image',
    advice: 'Check command and args against what the image contains, and the build of the image.',
  },
  {
    pattern: /no such file or directory|ENOENT|FileNotFound(Error|Exception)/i,
    meaning: 'a file that it needs is missing',
    advice: 'Check that the file is in the image or mounted from a volume at that path.',
  },
  {
    pattern: /permission denied|EACCES|EPERM|operation not permitted|read-only file system/i,
    meaning: 'it may not do something in its file system or with the kernel',
    advice: "Compare the container's securityContext (runAsUser, fsGroup, readOnlyRootFilesystem) with what it needs.",
  },
  {
    pattern:
      /yaml: |invalid character .* looking for|(parse|parsing|unmarshal\w*|invalid|malformed) .{0,30}(config|json|yaml|toml)/i,
    meaning: 'its configuration cannot be parsed',
    advice: 'Correct the configuration at the place that the message names; compare with the last version that worked.',
  },
];

/** The sort of failure that a line of a log reports, if it is a known one. */
export function knownFailure(line: string): KnownFailure | undefined {
  return KNOWN_FAILURES.find(({ pattern }) => pattern.test(line));
}
