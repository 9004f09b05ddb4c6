/** Returns whether the section `redis` of a configuration names a Redis, by its address or by its sentinels. */
export function namesRedis({
  url,
  sentinel,
}: {
  url?: string | undefined;
  sentinel?: { hosts?: string[] | undefined } | undefined;
}): boolean {
  return url !== undefined || sentinel?.hosts !== undefined;
}
