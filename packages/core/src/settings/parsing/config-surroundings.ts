import type { ProcessName } from '../setting-meta.ts';

/** What the parser reads from the file system, so that it stays a pure function. Paths are as written in the file. */
export interface ConfigSurroundings {
  /** Returns the text of a file; undefined if it is not a readable regular file. */
  read(path: string): string | undefined;
  /** Says why the text of a kubeconfig, or a file that it names, cannot be used; undefined if it can. */
  kubeconfigProblem(text: string, path: string): string | undefined;
  /** The kubeconfig of the single-cluster form, which names none. */
  defaultKubeconfig: string;
  /** The process that is configured; undefined: all of them. A process checks what it uses. */
  process?: ProcessName | undefined;
}
