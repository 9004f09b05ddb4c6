import { spawn, type SpawnOptions } from 'node:child_process';
import type { KubeConfig } from '@kubernetes/client-node';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { z } from 'zod';

/** A credential command that runs for longer is killed, ms. */
const LONGEST_RUN_MS = 30_000;

/** In place of an error that shows the beginning of what is no JSON, which may be a token. */
export const NO_JSON = 'no JSON';

const Authenticators = z.array(z.unknown());

/**
 * Bounds the credential commands of a kubeconfig in time. client-node waits for one without end, and each client that gives up
 * would leave a hanging process behind.
 */
export function boundCredentialCommands(kubeconfig: KubeConfig, timeout = LONGEST_RUN_MS): void {
  for (const authenticator of Authenticators.parse(Reflect.get(kubeconfig, 'authenticators'))) {
    if (!(authenticator instanceof ExecAuth)) continue;
    Reflect.set(authenticator, 'execFn', (command: string, args: readonly string[] = [], options: SpawnOptions = {}) =>
      spawn(command, args, { ...options, timeout, killSignal: 'SIGKILL' }),
    );
  }
}

/** Returns what went wrong with a credential command, and what to do. @param reason client-node's, or empty when it was killed */
export function credentialCommandProblem(command: string, reason: string): string {
  const name = `the credential command ${JSON.stringify(command)} of the kubeconfig`;
  if (/ENOENT/.test(reason)) return `${name} was not found; install it where Nightcrier runs, or give its full path`;
  if (/EACCES/.test(reason)) return `${name} may not be run; check its mode`;
  if (reason === NO_JSON) return `${name} printed no ExecCredential (${reason}); run it by hand`;
  return reason === 'no reason given'
    ? `${name} failed without a message, or did not end within ${LONGEST_RUN_MS / 1_000} s; run it by hand`
    : `${name} failed (${withoutKeys(reason)}); run it by hand`;
}

/** Replaces words that look like keys: what a credential command prints is not known to be free of them. */
export function withoutKeys(text: string): string {
  return text.replace(/[\w+/=.~-]{16,}/g, (word) =>
    word.split(/[./_-]/).some((part) => part.length >= 16 && /\d/.test(part) && /[A-Za-z]/.test(part))
      ? '[hidden]'
      : word,
  );
}
