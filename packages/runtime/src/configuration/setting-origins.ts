/**
 * Where the values of the settings of this process come from, as the last configuration that was read has them: by name, such as
 * `flag --log-level` or `nightcrier.yaml:3:1`. Settings that have their default are missing.
 */
let origins: ReadonlyMap<string, string> = new Map();

export function rememberOrigins(read: ReadonlyMap<string, string>): void {
  origins = read;
}

/** Returns all of them, for another thread. */
export function knownOrigins(): ReadonlyMap<string, string> {
  return origins;
}

/** @param name of a setting, such as `redis.url` */
export function originOf(name: string): string | undefined {
  return origins.get(name);
}
