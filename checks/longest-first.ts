import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Test files that take more than ten seconds, the longest first. A long one that starts last is waited for by everything else, and
 * on a machine that has not run the tests yet Vitest only knows the sizes of the files.
 */
const LONGEST = [
  'apps/ingester/test/failure-matrix.test.ts',
  'test/e2e/adopted-agents.test.ts',
  'apps/ingester/test/sharding.test.ts',
  'test/e2e/compose-scale.test.ts',
  'packages/cluster/test/detection/histories-stock-server.test.ts',
  'test/agent-container/provider-failure.test.ts',
  'test/e2e/compose.test.ts',
  'packages/cluster/test/mcp/outages.test.ts',
  'packages/cluster/test/mcp/sight.test.ts',
  'packages/cluster/test/mcp/poll.test.ts',
  'test/e2e/bad-agents.test.ts',
  'test/adversarial/adversarial.test.ts',
  'test/e2e/agent-container.test.ts',
  'apps/triage-worker/test/notification/notifications.test.ts',
  'apps/triage-worker/test/takeover.test.ts',
  'test/chaos/redis-outage.test.ts',
  'apps/triage-worker/test/live-settings.test.ts',
  'test/agent-container/investigation.test.ts',
  'test/e2e/compose-agents.test.ts',
  'test/e2e/agent-gateway.test.ts',
  'apps/cli/test/up.test.ts',
  'test/e2e/agent-budget.test.ts',
  'packages/cluster/test/mcp/lost-connection.test.ts',
  'packages/cluster/test/detection/histories-listed.test.ts',
  'packages/state/test/connection/fail-over.test.ts',
  'packages/cluster/test/detection/histories-pushed.test.ts',
  'apps/ingester/test/outage-matrix.test.ts',
  'apps/triage-worker/test/triage.test.ts',
  'apps/ingester/test/alerts/real-senders.test.ts',
  'test/e2e/real-mcp-server.test.ts',
  'apps/ingester/test/reload.test.ts',
  'test/chaos/problem-notifications.test.ts',
  'apps/triage-worker/test/kill-workers.test.ts',
  'apps/api/test/pages-in-chromium.test.ts',
  'packages/cluster/test/mcp/transport-limits.test.ts',
  'test/e2e/recovery.test.ts',
  'packages/state/test/connection/liveness.test.ts',
  'apps/triage-worker/test/many-workers.test.ts',
  'test/agent-container/sandbox.test.ts',
  'apps/gateway/test/kube-door.test.ts',
  'apps/triage-worker/test/notification/slack-messages.test.ts',
  'apps/cli/test/lists.test.ts',
];

/** Starts the longest test files first, then the others in the order of Vitest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}`));
      return index === -1 ? LONGEST.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
