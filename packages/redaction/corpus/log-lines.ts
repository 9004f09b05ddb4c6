import { randomText } from './random-text.ts';

const hex = (length: number, seed: number): string => randomText(length, 'hex', seed);
const uuid = (seed: number): string =>
  `${hex(8, seed)}-${hex(4, seed)}-4${hex(3, seed)}-a${hex(3, seed)}-${hex(12, seed)}`;

/** Lines of the kinds that containers write. One of eight mentions a secret without containing one. */
const LINES: readonly ((n: number) => string)[] = [
  (n) =>
    `2026-11-26T12:${String(n % 60).padStart(2, '0')}:05.123456789Z INFO  http: GET /api/orders/${n} 200 in ${n % 97} ms request_id=${uuid(n % 50)}`,
  (n) =>
    `I1126 12:56:23.${String(n % 1e6).padStart(6, '0')} 1 controller.go:${n % 900}] "Reconciling" pod="shop/cart-7d9f8b6c5d-x2x9k" node="ip-10-0-${n % 255}-12.eu-west-1.compute.internal"`,
  (n) =>
    `{"level":"info","ts":1764161783.${n},"caller":"server/server.go:${n % 300}","msg":"order accepted","order_id":${n},"customer":"c-${n * 7}","duration_ms":${n % 50}}`,
  (n) =>
    `10.42.${n % 255}.17 - - [26/Nov/2026:12:56:23 +0000] "GET /static/app.${n}.js HTTP/1.1" 200 ${n * 13} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`,
  (n) => `Pulled image "registry.example/shop/cart@sha256:${hex(64, n % 50)}" in ${n}ms`,
  (n) => `    at Object.handle (/srv/app/node_modules/express/lib/router/layer.js:95:${n % 20})`,
  (n) => `WARN  connection to http://db.shop.svc.cluster.local:5432/orders timed out after ${n} ms; retry ${n % 5}`,
  (n) => `ERROR token of user ${n} is expired; authentication required, see https://shop.example/docs?page=${n % 9}`,
];

/** Returns log lines without secrets, of at least this many characters. */
export function cleanLog(characters: number): string {
  const lines: string[] = [];
  for (let [n, length] = [0, 0]; length < characters; n += 1) {
    const line = LINES[n % LINES.length]?.(n) ?? '';
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n');
}
