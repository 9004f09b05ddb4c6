import { z } from 'zod';

/** The fields of `ClusterPermissions` that a read-only kubeconfig must not have. */
export const WRITE_PERMISSIONS = ['can_write', 'can_exec', 'can_impersonate'] as const;
const permission = z.enum(WRITE_PERMISSIONS);
export type WritePermission = z.infer<typeof permission>;

/** Why a kubeconfig is not read-only, or not known to be. */
export const WriteFinding = z.discriminatedUnion('result', [
  /** `actions`: what it may do, such as `create pods/exec`; not complete. */
  z.object({ permission, result: z.literal('allowed'), actions: z.array(z.string()) }),
  /** The cluster did not answer. */
  z.object({ permission, result: z.literal('unknown'), failure: z.string() }),
]);
export type WriteFinding = z.infer<typeof WriteFinding>;

const ACTIVITIES: Record<WritePermission, string> = {
  can_write: 'write',
  can_exec: 'exec into pods',
  can_impersonate: 'impersonate',
};

/** Actions of `can_exec` that run commands; the others open connections. */
const RUNS_COMMANDS = /pods\/(exec|attach)|nodes\/proxy/;

/** Actions that a description names. */
const MAX_ACTIONS = 3;

/** Describes a finding for people. */
export function describeWriteFinding(finding: WriteFinding): string {
  const { permission } = finding;
  switch (finding.result) {
    case 'allowed': {
      const connects = permission === 'can_exec' && !finding.actions.some((action) => RUNS_COMMANDS.test(action));
      const activity = connects ? 'connect to pods or services' : ACTIVITIES[permission];
      return `the kubeconfig can ${activity} (${finding.actions.slice(0, MAX_ACTIONS).join(', ')})`;
    }
    case 'unknown':
      return `could not find out whether the kubeconfig can ${ACTIVITIES[permission]}: ${finding.failure}`;
    default:
      return finding satisfies never;
  }
}
