// The only way out of the agent's container: connections to two loopback ports go to the gateway's Unix sockets, which are mounted at
// /run/nightcrier. If a gateway has gone, the next connection takes another one.
// Prints "ready" when it listens.
import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const DIRECTORY = '/run/nightcrier';
const PORTS = { kube: 7443, llm: 7080 };

function socketsOf(door) {
  try {
    const names = readdirSync(DIRECTORY).filter((name) => name.endsWith(`.${door}.sock`));
    return names.sort(() => Math.random() - 0.5);
  } catch {
    return [];
  }
}

function forward(client, [name, ...others]) {
  if (name === undefined) {
    client.destroy();
    return;
  }
  const gateway = connect(`${DIRECTORY}/${name}`);
  const next = () => forward(client, others);
  gateway.once('error', next);
  gateway.once('connect', () => {
    gateway.off('error', next);
    gateway.on('error', () => client.destroy());
    client.pipe(gateway).pipe(client);
  });
  client.on('error', () => gateway.destroy());
  client.once('close', () => gateway.destroy());
}

let waiting = Object.keys(PORTS).length;
for (const [door, port] of Object.entries(PORTS)) {
  const server = createServer({ noDelay: true }, (client) => forward(client, socketsOf(door)));
  server.listen(port, '127.0.0.1', () => {
    waiting -= 1;
    if (waiting === 0) process.stdout.write('ready\n');
  });
}
