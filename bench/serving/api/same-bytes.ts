import fastify from 'fastify';

/** Answers every request with the text that the parent sends, and tells the parent where. */
process.once('message', (text) => {
  const body = Buffer.from(String(text));
  const app = fastify();
  app.get('/', (_, reply) => reply.type('application/json; charset=utf-8').send(body));
  app.listen({ host: '127.0.0.1', port: 0 }).then(
    (url) => process.send?.({ url }),
    (error: unknown) => {
      throw error;
    },
  );
});
