import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { type PostedMessage, SlackServer } from '../../../../test/fixtures/slack-server.ts';
import { harness } from '../file-harness.ts';
import { NOTIFIER_TIMES } from '../harness.ts';
import { WebhookReceiver } from './webhook-receiver.ts';

/** Returns the settings of a Slack app; its token is in a file that worker processes can read. */
async function slackApp(slack: SlackServer): Promise<Record<string, string>> {
  const file = path.join(harness.folder, 'slack-token');
  await writeFile(file, `${slack.token}\n`);
  return { slack_bot_token_file: file, slack_channel: 'C0INCIDENTS', slack_api_url: slack.apiUrl };
}

const cards = (slack: SlackServer): PostedMessage[] =>
  slack.messages.filter(({ thread_ts }) => thread_ts === undefined);
const replies = (slack: SlackServer): PostedMessage[] =>
  slack.messages.filter(({ thread_ts }) => thread_ts !== undefined);
const patience = { timeout: 60_000 };

describe('a Slack app', () => {
  it('posts one message for an incident with its report in the thread, and updates it when the fault recurs', async () => {
    await using slack = await SlackServer.start();
    await harness.startWorker(
      harness.config({ ...(await slackApp(slack)), public_url: 'https://nightcrier.example/' }),
    );
    const id = await harness.admit('image-pull-back-off');
    await harness.reaches(id, 'reported');

    await expect.poll(() => replies(slack).length, patience).toBe(1);
    const [card] = cards(slack);
    const shown = card?.shown.join('\n') ?? '';
    expect(shown).toMatch(/^🟠 (?!ImagePull:).*image/i);
    expect(shown).toMatch(/\nFiring since \d{4}-\d\d-\d\d \d\d:\d\d UTC\n/);
    expect(shown).toMatch(
      /Cluster\nalpha[^]*Labels\nteam=shop[^]*Severity\n[^]*Confidence\n\d+ %[^]*Seen\nonce[^]*Took\n\d+ s/,
    );
    expect(shown).toMatch(/Root cause: .*image/i);
    expect(shown).toContain('Recommended:\n1. ');
    expect(shown).toContain(`<https://nightcrier.example/api/incidents/${id}/report|The whole report>`);
    expect(replies(slack)[0]).toMatchObject({ thread_ts: card?.ts, channel: card?.channel });
    expect(replies(slack)[0]?.shown.join('')).toMatch(/(?<!#)Root Cause\n/);

    for (let times = 0; times < 20; times += 1) await harness.recur(id);
    await expect.poll(() => cards(slack)[0]?.shown.join('\n'), patience).toContain('Seen\n21 times');
    expect(cards(slack)).toHaveLength(1);
    // Recurrences within one interval are one update.
    expect(cards(slack)[0]?.edits).toBeLessThan(20);
    expect(slack.violations).toEqual([]);
  });

  it('updates the message once for all recurrences while Slack was unreachable', async () => {
    await using slack = await SlackServer.start();
    await harness.startWorker(harness.config(await slackApp(slack)));
    const id = await harness.admit();
    await expect.poll(() => replies(slack).length, patience).toBe(1);
    slack.outage = { kind: 'status', status: 500 };
    for (let times = 0; times < 10; times += 1) {
      await harness.recur(id);
      const { requests } = slack;
      await expect.poll(() => slack.requests, patience).toBeGreaterThan(requests);
    }
    slack.outage = undefined;
    await expect.poll(() => cards(slack)[0]?.shown.join('\n'), patience).toContain('Seen\n11 times');
    // The update that Slack had refused, and the one that stayed due meanwhile.
    expect(cards(slack)[0]?.edits).toBeLessThanOrEqual(2);
    await harness.recur(id);
    await expect.poll(() => cards(slack)[0]?.shown.join('\n'), patience).toContain('Seen\n12 times');
  });

  it.each(['hang', 'drop', 'drop after taking'] as const)(
    'is notified once after responses 429 and 500, and then: %s',
    async (kind) => {
      await using slack = await SlackServer.start();
      slack.misbehaviours.push(
        { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
        { kind: 'status', status: 500 },
        { kind },
      );
      const begun = Date.now();
      await harness.startWorker(harness.config(await slackApp(slack)));
      await harness.reaches(await harness.admit(), 'reported');
      await expect.poll(() => replies(slack).length, patience).toBe(1);
      expect(cards(slack)).toHaveLength(1);
      expect(cards(slack)[0]!.at - begun).toBeGreaterThan(2_000);
    },
  );

  it('is notified of each incident exactly once by workers that are killed between its end and the message', async () => {
    await using slack = await SlackServer.start();
    slack.outage = { kind: 'drop' };
    // On a busy machine, an incident can stall before its worker is killed.
    const config = harness.config({ ...(await slackApp(slack)), max_agents_per_cluster: 0, max_attempts: 20 });
    // A delivery of a killed worker is taken over when its lock expires.
    const notifierTimes = { ...NOTIFIER_TIMES, lockDuration: 5_000 };
    const ids: string[] = [];
    for (let kill = 0; kill < 4; kill += 1) {
      const worker = await harness.startWorkerProcess(config, { notifierTimes });
      const more = await Promise.all([harness.admit(), harness.admit(), harness.admit()]);
      await Promise.all(more.map((id) => harness.reaches(id, 'reported')));
      ids.push(...more);
      await worker.kill();
    }
    expect(slack.messages).toEqual([]);
    slack.outage = undefined;
    await harness.startWorkerProcess(config, { notifierTimes });
    await expect.poll(() => replies(slack).length, patience).toBe(ids.length);
    const told = cards(slack).map(({ shown }) => ids.filter((id) => shown.join('\n').includes(`Incident ${id}`)));
    expect(told.flat().toSorted()).toEqual(ids.toSorted());
    expect(cards(slack)).toHaveLength(ids.length);
  });

  it('is notified of an incident whose worker died right after its end', async () => {
    await using slack = await SlackServer.start();
    const id = await harness.admit();
    await harness.incidents.finish(id, { state: 'failed', reason: 'the cluster is gone', notify: 'incident_failed' });
    await harness.startWorker(harness.config(await slackApp(slack)));
    await expect.poll(() => cards(slack).length, patience).toBe(1);
    expect(cards(slack)[0]?.shown.join('\n')).toContain('Note: the cluster is gone');
  });

  it('does not post again a message that was removed', async () => {
    await using slack = await SlackServer.start();
    await harness.startWorker(harness.config(await slackApp(slack)));
    const id = await harness.admit();
    await expect.poll(() => replies(slack).length, patience).toBe(1);
    const before = slack.requests;
    slack.messages.length = 0;
    await harness.recur(id);
    await expect.poll(() => slack.requests, patience).toBeGreaterThan(before);
    await expect
      .poll(() => harness.logger.lines.filter(({ message }) => message === 'notification delivered').length, patience)
      .toBe(3);
    expect(slack.messages).toEqual([]);
  });
});

describe("Slack's incoming webhook", () => {
  it('is notified of failed triage, and of failed agents only with notify_on_agent_failure', async () => {
    await using slack = await SlackServer.start();
    const agent = { agent: 'exits-3' };
    const settings = { slack_webhook_url: slack.webhookUrl };
    const quiet = await harness.startWorker(harness.config(settings, agent));
    await harness.reaches(await harness.admit(), 'agent_failed');
    await quiet.stop();
    const disabled = { ...agent, cluster: { triage: { enabled: false, allow_secrets_access: false } } };
    const skipping = await harness.startWorker(harness.config(settings, disabled));
    await harness.reaches(await harness.admit(), 'skipped');
    await skipping.stop();
    const failing = await harness.startWorker(harness.config(settings, { ...agent, cluster: { name: 'beta' } }));
    await harness.reaches(await harness.admit(), 'failed');
    await expect.poll(() => slack.messages.length, patience).toBe(1);
    await failing.stop();
    await harness.startWorker(harness.config({ ...settings, notify_on_agent_failure: true }, agent));
    await harness.reaches(await harness.admit(), 'agent_failed');
    await expect.poll(() => slack.messages.length, patience).toBe(2);
    const [first, second] = slack.messages.map(({ shown }) => shown.join('\n'));
    expect(first).toMatch(/Not investigated: [^]*cluster alpha is not in this worker's configuration/);
    expect(second).toMatch(/Not investigated: [^]*exited with code 3/);
  });

  it('is notified once of each of 20 incidents that three workers find due at the same time', async () => {
    await using slack = await SlackServer.start();
    const ids = await Promise.all(Array.from({ length: 20 }, () => harness.admit()));
    for (const id of ids) await harness.incidents.finish(id, { state: 'failed', notify: 'incident_failed' });
    const config = harness.config({ slack_webhook_url: slack.webhookUrl });
    await Promise.all([1, 2, 3].map(() => harness.startWorker(config)));
    const notified = () => harness.logger.lines.filter(({ message }) => message === 'notification delivered').length;
    await expect.poll(() => slack.messages.length, patience).toBeGreaterThanOrEqual(20);
    // One more incident comes last, as the queue keeps the order.
    const last = await harness.admit();
    await harness.reaches(last, 'reported');
    await expect.poll(() => slack.messages.at(-1)?.shown.join(), patience).toContain(last);
    await expect.poll(notified, patience).toBe(21);
    expect(slack.messages).toHaveLength(21);
  });

  it('gets a message that it refuses only once, and the failure is logged', async () => {
    await using slack = await SlackServer.start();
    slack.outage = { kind: 'status', status: 400 };
    await harness.startWorker(harness.config({ slack_webhook_url: slack.webhookUrl }));
    await harness.reaches(await harness.admit(), 'reported');
    const refused = expect.objectContaining({ level: 'error', message: 'notification not delivered' });
    await expect.poll(() => harness.logger.lines, patience).toContainEqual(refused);
    expect(slack.requests).toBe(1);
    expect(JSON.stringify(harness.logger.lines)).not.toContain('secret-part');
  });
});

it('a notification of an incident whose row cannot be read is not sent, and the log names it', async () => {
  await using slack = await SlackServer.start();
  const id = await harness.admit();
  await harness.incidents.finish(id, { state: 'failed', notify: 'incident_failed' });
  await harness.corrupt(id);
  await harness.startWorker(harness.config({ slack_webhook_url: slack.webhookUrl }));
  // The row may have been moved aside by then.
  const given = {
    message: expect.stringMatching(
      /^notification (?:not delivered|(?:skipped|not routed); its incident is missing or open)$/,
    ),
    fields: expect.objectContaining({ notification: { event: 'incident_failed', incident_id: id } }),
  };
  await expect.poll(() => harness.logger.lines, patience).toContainEqual(expect.objectContaining(given));
  expect(slack.requests).toBe(0);
});

describe('the webhook', () => {
  it('gets signed JSON, with the same id when a delivery is repeated', async () => {
    await using receiver = await WebhookReceiver.start();
    receiver.statuses.push(503, 401);
    const key = `whsec_${Buffer.from('a key of the receiver').toString('base64')}`;
    await harness.startWorker(harness.config({ webhook_url: receiver.url, webhook_secret: key }));
    const id = await harness.admit('image-pull-back-off');
    await harness.reaches(id, 'reported');
    await vi.waitUntil(() => receiver.deliveries.length === 3, patience);

    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    for (const { headers, body } of receiver.deliveries) {
      expect(new Webhook(key).verify(body, headers)).toMatchObject({
        event: 'reported',
        problem: { cluster: 'alpha', labels: { team: 'shop' }, state: 'firing' },
        incident: {
          incident_id: id,
          state: 'reported',
          cluster: 'alpha',
          severity: expect.any(String),
          root_cause: expect.stringMatching(/image/i),
          recommendations: expect.arrayContaining([expect.any(String)]),
          recurrences: 0,
          members: 1,
          finished_at: expect.any(String),
          duration_seconds: expect.any(Number),
        },
        report_markdown: expect.stringContaining('## Root Cause'),
      });
      expect(() => new Webhook(key).verify(body.replace('alpha', 'omega'), headers)).toThrow('signature');
    }
  });

  it('gets its notifications while Slack hangs', async () => {
    await using receiver = await WebhookReceiver.start();
    await using slack = await SlackServer.start();
    slack.outage = { kind: 'hang' };
    await harness.startWorker(harness.config({ webhook_url: receiver.url, slack_webhook_url: slack.webhookUrl }));
    await harness.admit();
    await harness.admit();
    await expect.poll(() => receiver.deliveries.length, patience).toBe(2);
  });
});

it('jobs and outbox entries of the version before, and its messages, are taken over', async () => {
  await using slack = await SlackServer.start();
  const [updated, queued, due] = await Promise.all([harness.admit(), harness.admit(), harness.admit()]);
  for (const id of [updated, queued, due])
    await harness.incidents.finish(id, { state: 'failed', reason: `gone ${id}` });
  const { notifications, redis, keys } = harness.notificationParts('slack-bot');
  // As version 0.1.0 wrote them.
  await redis.hset(keys.dueNotifications, due, JSON.stringify({ event: 'incident_failed', incident_id: due }));
  const job = { notification: { event: 'incident_failed' as const, incident_id: queued }, part: 'message' as const };
  await notifications.add('incident_failed', job, { jobId: `${queued}-incident_failed-message`, attempts: 150 });
  const worker = await harness.startWorker(harness.config(await slackApp(slack)));
  await expect.poll(() => cards(slack).length, patience).toBe(2);
  const shown = cards(slack).map((card) => card.shown.join('\n'));
  expect(shown.flatMap((text) => [queued, due].filter((id) => text.includes(`gone ${id}`))).toSorted()).toEqual(
    [queued, due].toSorted(),
  );
  await worker.stop();
  // The message of an incident, which a recurrence updates.
  const [card] = cards(slack);
  await redis.set(keys.slackCard(updated), JSON.stringify({ channel: card!.channel, ts: card!.ts }));
  await redis.hset(keys.dueNotifications, 'x', JSON.stringify({ event: 'incident_failed', incident_id: updated }));
  await harness.startWorker(harness.config(await slackApp(slack)));
  await expect.poll(() => cards(slack)[0]?.shown.join('\n'), patience).toContain(`gone ${updated}`);
  expect(cards(slack)).toHaveLength(2);
  await notifications.close();
});
