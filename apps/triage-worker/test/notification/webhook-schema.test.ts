import { expect, test } from 'vitest';
import { z } from 'zod';
import { WebhookBody, webhookBody } from '../../src/notification/targets/webhook-body.ts';
import { hostileIncident } from './hostile-incidents.ts';
import { noticeOf } from './notices.ts';

// After a change of the body: npx vitest run apps/triage-worker/test/notification/webhook-schema.test.ts -u
test('docs/webhook.schema.json is the schema of what webhooks receive', async () => {
  const schema = z.toJSONSchema(WebhookBody, { target: 'draft-2020-12', io: 'output' });
  await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot('../../../../docs/webhook.schema.json');
});

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'the body of a notice has that schema: incident %i',
  (seed) => {
    const body = JSON.parse(
      JSON.stringify(webhookBody(noticeOf(hostileIncident(seed), 'https://nightcrier.example/r'))),
    );
    expect(z.toJSONSchema(WebhookBody)).toMatchObject({ required: expect.arrayContaining(['id', 'event', 'problem']) });
    expect(strict(WebhookBody).parse(body)).toEqual(body);
  },
);

/** The same schema, which refuses keys that it does not name. */
function strict(schema: typeof WebhookBody): z.ZodType {
  return schema.extend({ incident: schema.shape.incident.unwrap().strict().optional() }).strict();
}
