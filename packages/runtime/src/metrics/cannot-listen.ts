import { ExitError } from '../exit-code.ts';

const MEANINGS: Record<string, (setting: string) => string> = {
  EADDRINUSE: (setting) => `free the port, or set ${setting}.host and ${setting}.port`,
  EACCES: (setting) => `this user may not use the port; set ${setting}.port to one above 1023`,
  EADDRNOTAVAIL: (setting) => `this machine does not have the address; correct ${setting}.host`,
  ENOTFOUND: (setting) => `the name has no address; correct ${setting}.host`,
  EAI_AGAIN: (setting) => `the name cannot be resolved; correct ${setting}.host`,
};

/** Returns the error of a server that cannot listen on an address. @param options.setting the section that names it, such as `api` */
export function cannotListen(
  { what, setting, host, port }: { what: string; setting: string; host: string; port: number },
  cause: unknown,
): ExitError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = MEANINGS[code]?.(setting) ?? (cause instanceof Error ? cause.message : String(cause));
  return new ExitError('unavailable', `${what} on ${host}:${port}: ${why}`, { cause });
}
