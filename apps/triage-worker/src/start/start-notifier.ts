import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { routeTree } from '@nightcrier/core/routing/route-tree';
import type { Config } from '@nightcrier/core/settings/config';
import type { State } from '@nightcrier/state/open-state';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { configuredSockets, configuredTargets, SLACK_RATE } from '../notification/configured-targets.ts';
import { LiveNotifier } from '../notification/live-notifier.ts';
import { DEFAULT_NOTIFIER_TIMES, Notifier } from '../notification/notifier.ts';
import { problemActions } from '../notification/problem-actions.ts';
import { SOCKET_TIMES } from '../notification/slack/slack-socket.ts';
import { ALERTMANAGER_TIMES } from '../notification/targets/alertmanager.ts';
import { WORKER_ID, type WorkerSetup } from './worker-setup.ts';

/** Starts to deliver notifications, and to receive actions from Slack. */
export async function startNotifier(setup: WorkerSetup, state: State, queue: TriageQueue): Promise<LiveNotifier> {
  const { logger, slackRate = SLACK_RATE, notifierTimes: times = DEFAULT_NOTIFIER_TIMES } = setup.options;
  const { alertmanagerTimes = ALERTMANAGER_TIMES, socketTimes = SOCKET_TIMES } = setup.options;
  const { incidents, slackCards, postedAlerts, socketLease: lease } = state;
  const actions = problemActions(state, queue, setup.config);
  const parts = { slackCards, postedAlerts, slackRate, alertmanagerTimes, logger };
  const open = (config: Config): Notifier =>
    new Notifier({
      state,
      incidents,
      route: routeTree(config.route),
      receivers: receiverTargets(config),
      targets: configuredTargets(config, parts),
      sockets: configuredSockets(config, { lease, actions, owner: WORKER_ID, times: socketTimes, logger }),
      publicUrl: config.public_url,
      times,
      logger,
    });
  const notifier = new LiveNotifier(open, setup.config(), logger);
  setup.lifecycle.onStop('notifier', () => notifier.stop());
  setup.onReload((config) => notifier.configure(config));
  await notifier.start();
  return notifier;
}
