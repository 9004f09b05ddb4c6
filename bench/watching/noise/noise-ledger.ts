import type { ProblemEvent, ProblemNotification } from '@nightcrier/core/problems/problem-notification';
import { planDeliveries } from '@nightcrier/core/routing/delivery-plan';
import type { ReceiverTarget } from '@nightcrier/core/routing/receiver-targets';
import { routeTree } from '@nightcrier/core/routing/route-tree';
import { DEFAULT_RECEIVER } from '@nightcrier/core/settings/sections/receivers';
import { TRUE_PROBLEMS } from './noisy-cluster.ts';

/** One message that people get, or an edit of one. */
interface Message {
  target: 'slack-bot' | 'slack-webhook';
  cluster: string;
  /** Workloads that it speaks of. */
  workloads: string[];
  event: ProblemEvent;
}

const settings = {
  channel: 'c',
  operators: [],
  api_url: 'http://127.0.0.1',
  webhook_url: undefined,
  webhook_url_file: undefined,
};
const TARGETS: ReceiverTarget[] = [
  { id: 'slack-bot', receiver: DEFAULT_RECEIVER, kind: 'slack-bot', settings },
  { id: 'slack-webhook', receiver: DEFAULT_RECEIVER, kind: 'slack-webhook', settings },
];
const ROUTE = routeTree(undefined);

/** What people got, against what was wrong. It knows the clusters by their script alone. */
export class NoiseLedger {
  readonly #messages: Message[] = [];
  /** Ids of delivered notifications: a target is notified of each once. */
  readonly #delivered = new Set<string>();
  /** Targets that were notified of a problem, by cluster and key. */
  readonly #notified = new Map<string, Map<string, number | undefined>>();
  /** Changes of each problem that people were notified of, by name of problem and event. */
  readonly #changes = new Map<string, number>();
  #investigations = 0;

  investigated(): void {
    this.#investigations += 1;
  }

  /** Delivers a notification of a problem as the routes say. */
  deliver({ id, event, problem }: Pick<ProblemNotification, 'id' | 'event' | 'problem'>): void {
    const name = `${problem.cluster}|${problem.key}`;
    const notified = this.#notified.get(name) ?? new Map<string, number | undefined>();
    this.#notified.set(name, notified);
    if (event !== 'recurred' && this.#delivered.has(id)) return;
    this.#delivered.add(id);
    if (event !== 'recurred') this.#changes.set(`${name} ${event}`, (this.#changes.get(`${name} ${event}`) ?? 0) + 1);
    const workloads = [problem.workload, ...(problem.members ?? []).map((key) => key.split('/').at(-1) ?? key)];
    for (const { target } of planDeliveries({ event, problem }, ROUTE, TARGETS, notified)) {
      notified.set(target, undefined);
      if (target === 'slack-bot' || target === 'slack-webhook')
        this.#messages.push({ target, cluster: problem.cluster, workloads, event });
    }
  }

  /** Delivers the end of an investigation, as versions before 0.2 did: to each target one message. */
  deliverEnd(cluster: string, workload: string): void {
    for (const target of ['slack-bot', 'slack-webhook'] as const) {
      this.#messages.push({ target, cluster, workloads: [workload], event: 'reported' });
    }
  }

  /** @param received faults that the system has received */
  figures(clusters: readonly string[], received: number) {
    const problems = clusters.flatMap((cluster) => TRUE_PROBLEMS.map(({ workload }) => ({ cluster, workload })));
    const speaks = (event: (one: ProblemEvent) => boolean, { cluster, workload }: (typeof problems)[number]): boolean =>
      this.#messages.some((one) => one.cluster === cluster && event(one.event) && one.workloads.includes(workload));
    const posted = this.#messages.filter(
      ({ target, event }) => target === 'slack-bot' && (event === 'firing' || event === 'reported'),
    );
    const bot = posted.filter(
      (one, at) =>
        posted.findIndex((other) => other.cluster === one.cluster && other.workloads[0] === one.workloads[0]) === at,
    );
    const plain = this.#messages.filter(({ target }) => target === 'slack-webhook');
    const known = new Set(problems.map(({ cluster, workload }) => `${cluster}|${workload}`));
    return {
      problems: problems.length,
      bot_messages: bot.length,
      messages_without_edits: plain.length,
      investigations: this.#investigations,
      received,
      missed: problems.filter((one) => !speaks((event) => event === 'reported', one)).length,
      not_recovered: problems.filter((one) => !speaks((event) => event === 'recovered' || event === 'flapping', one))
        .length,
      // Only what flaps begins or ends more than once.
      repeated: [...this.#changes]
        .filter(([name, times]) => times > 1 && !/\/flappy /.test(name))
        .map(([name]) => name),
      unfounded: this.#messages.filter(({ cluster, workloads }) => !known.has(`${cluster}|${workloads[0]}`)).length,
    };
  }

  /** Messages of the bot before problems had one message each: one for each incident. */
  get ends(): number {
    return this.#messages.filter(({ target, event }) => target === 'slack-bot' && event === 'reported').length;
  }
}
