import { userInfo } from 'node:os';

/** Returns the name of the user of this shell. A container's user need not have a name. */
export function shellUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
