import { expect, it } from 'vitest';
import { redactValue } from './redact-value.ts';

it('redacts literal environment variables with secret-looking names, and no reference', async () => {
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

it('redacts the same in the annotation of kubectl apply', async () => {
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

it('keeps no data of a Secret', async () => {
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

it('leaves an ordinary object as it is', async () => {
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
