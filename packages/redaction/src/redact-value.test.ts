import { expect, it } from 'vitest';
import { redactValue } from './redact-value.ts';

it('redacts literal environment variables with secret-looking names, and keeps references', async () => {
  const env = [
    { name: 'DB_PASSWORD', value: 'hunter2' },
    { name: 'STRIPE_API_KEY', value: 'x' },
    { name: 'DB_HOST', value: 'db.shop' },
    { name: 'TOKEN', value: '$(OTHER_TOKEN)' },
    { name: 'PG_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
  ];
  expect(await redactValue({ kind: 'Pod', spec: { containers: [{ name: 'app', env }] } })).toEqual({
    kind: 'Pod',
    spec: {
      containers: [
        {
          name: 'app',
          env: [
            { name: 'DB_PASSWORD', value: '[redacted]' },
            { name: 'STRIPE_API_KEY', value: '[redacted]' },
            ...env.slice(2),
          ],
        },
      ],
    },
  });
});

it('redacts the annotation of kubectl apply in the same way', async () => {
  const applied = JSON.stringify({ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }], replicas: 2 });
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `${applied}\n` };
  const redacted = JSON.stringify(await redactValue({ metadata: { annotations } }));
  expect(redacted).not.toContain('hunter2');
  expect(redacted).toContain(String.raw`\"replicas\":2`);
});

it('redacts the values of flags, with and without "="', async () => {
  expect(
    await redactValue({ args: ['--password', 'hunter2', '--token=abc', '--secret', '--verbose', 'serve'] }),
  ).toEqual({
    args: ['--password', '[redacted]', '--token=[redacted]', '--secret', '--verbose', 'serve'],
  });
});

it.each([
  [
    { command: ['curl', '-u', 'admin:hunter2hunter2', 'http://shop'] },
    { command: ['curl', '-u', 'admin:[redacted]', 'http://shop'] },
  ],
  [{ args: ['mysql', '-h', 'db', '-phunter2hunter2'] }, { args: ['mysql', '-h', 'db', '-p[redacted]'] }],
  [{ args: ['ls', '-u', 'admin:"quoted"', 'x'] }, { args: ['ls', '-u', 'admin:"quoted"', 'x'] }],
  [
    { tokens: ['hunter2-one', 'hunter2-two'], secrets: ['db-password'] },
    { tokens: ['[redacted]', '[redacted]'], secrets: ['db-password'] },
  ],
  [
    { client_secret: { inline_string: 'hunter2hunter2' }, token: { default: 'hunter2hunter2', type: 'string' } },
    { client_secret: { inline_string: '[redacted]' }, token: { default: '[redacted]', type: 'string' } },
  ],
  [{ token: { default: '', type: 'string' } }, { token: { default: '', type: 'string' } }],
])('redacts options of programs, lists and inner values of secrets: %j', async (value, expected) => {
  expect(await redactValue(value)).toEqual(expected);
});

it('redacts the data of a Secret', async () => {
  const secret = {
    kind: 'Secret',
    metadata: { name: 'db' },
    type: 'Opaque',
    data: { user: 'YXBw' },
    stringData: { a: 'b' },
  };
  expect(await redactValue({ items: [secret] })).toEqual({
    items: [{ kind: 'Secret', metadata: { name: 'db' }, type: 'Opaque', data: '[redacted]', stringData: '[redacted]' }],
  });
});

it('does not change an object without secrets', async () => {
  const pod = {
    kind: 'Pod',
    metadata: { name: 'cart-1', labels: { app: 'cart' } },
    spec: {
      nodeName: 'node-1',
      volumes: [{ name: 'tls', secret: { secretName: 'tls' } }],
      priority: 0,
      hostNetwork: false,
    },
    status: { message: 'back-off 5m0s restarting failed container', containerStatuses: null },
  };
  expect(await redactValue(pod)).toEqual(pod);
});

it('redacts the tokens of known providers anywhere, and keeps the texts between them', async () => {
  const [one, other] = ['q'.repeat(36), 'r'.repeat(36)].map((letters) => `ghp_${letters}`);
  const logs = ['nothing of interest here', `${one} and ${other}`, `at the end ${one}`, 'nothing of interest either'];
  const inner = { logs, message: `\n${other}\n`, again: `at the end ${one}` };
  expect(await redactValue({ ...inner, json: JSON.stringify(inner), 'key-of-sixteen-letters': 'kept' })).toEqual({
    logs: [logs[0], '[redacted] and [redacted]', 'at the end [redacted]', logs[3]],
    message: '\n[redacted]\n',
    again: 'at the end [redacted]',
    json: JSON.stringify({
      logs: [logs[0], '[redacted] and [redacted]', 'at the end [redacted]', logs[3]],
      message: '\n[redacted]\n',
      again: 'at the end [redacted]',
    }),
    'key-of-sixteen-letters': 'kept',
  });
});

it('takes bounded time for a structure that is full of tokens', async () => {
  const texts = Array.from({ length: 5_000 }, (_, at) => `${at} ghp_${'q'.repeat(36)} `.repeat(10));
  const redacted = await redactValue(texts);
  expect(redacted.join('')).not.toContain('ghp_');
});

it('redacts text that is JSON nested too deeply to be written again, as text', async () => {
  const text = `${'{"password":"swordfish1","a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const { log } = await redactValue({ log: text });
  expect(log).not.toContain('swordfish1');
  expect(log).toHaveLength(text.length);
  const lists = '['.repeat(5_000) + ']'.repeat(5_000);
  expect(await redactValue({ log: lists })).toEqual({ log: lists });
});
