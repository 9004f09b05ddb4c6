import type { NamedSecret } from './named-secrets.ts';
import { base64, randomText as random } from './random-text.ts';

/** What a person chooses. */
const chosen = (seed: number): string => ['Kirsch-Baum7!x', 'herbst.Wald-31'][seed - 1] ?? '';
const plain = (seed: number): string => ['morgenrot88Zug', 'nebel5Kastanie'][seed - 1] ?? '';
const hex = (length: number, seed: number): string => random(length, 'hex', seed);
const word = (length: number, seed: number): string => random(length, 'word', seed);
const uuid = (seed: number): string => [8, 4, 4, 4, 12].map((length, part) => hex(length, seed * 10 + part)).join('-');

const around =
  (secret: (seed: number) => string, text: (secret: string) => string) =>
  (seed: number): NamedSecret => ({ secret: secret(seed), text: text(secret(seed)) });

/** Secrets in the files of programs, and in what contains other texts. Each was missed once. */
export const CONTAINED_SHAPES: Record<string, (seed: number) => NamedSecret> = {
  'Hadoop property': around(plain, (s) => `<property><name>fs.s3a.secret.key</name><value>${s}</value></property>`),
  'Hadoop property in lines': around(
    plain,
    (s) => `<property>\n  <name>javax.jdo.option.ConnectionPassword</name>\n  <value>${s}</value>\n</property>`,
  ),
  'Oracle easy connect': around(plain, (s) => `connecting as app/${s}@//ora:1521/ORCL`),
  'pgpass for any port': around(plain, (s) => `*:*:*:app:${s}`),
  'Terraform state': around(
    chosen,
    (s) => `  "outputs": {\n    "db_password": {\n      "value": "${s}",\n      "type": "string"\n    }\n  }`,
  ),
  'Helm value with its type': around(chosen, (s) => `{"adminPassword": {"value": "${s}", "type": "string"}}`),
  'yarn identity': around(plain, (s) => `npmAuthIdent: "bot:${s}"`),
  'bundler source': around(plain, (s) => `BUNDLE_GEMS__EXAMPLE__COM="bot:${s}"`),
  'etcdctl user': around(chosen, (s) => `ETCDCTL_USER=root:${s}`),
  'composer auth.json': around(
    (n) => hex(40, n),
    (s) => `{"github-oauth": {"github.com": "${s}"}}`,
  ),
  'encoded address of a database': around(plain, (s) => `DATABASE_URL=postgres%3A%2F%2Fapp%3A${s}%40db%2Fx`),
  'rclone option': around(plain, (s) => `rclone config create x s3 secret_access_key ${s}`),
  'gh auth login': around(
    (n) => word(36, n),
    (s) => `echo ${s} | gh auth login --with-token`,
  ),
  'YAML list of passwords': around(plain, (s) => `passwords:\n  - ${s}\n  - other`),
  'prose with a user': around(plain, (s) => `the password for user app is ${s}`),
  'prose with a colon': around(plain, (s) => `Your new password is: ${s}`),
  'LaunchDarkly key': around(
    (n) => `sdk-${uuid(n)}`,
    (s) => `flags with ${s}`,
  ),
  'Mailgun key of today': around(
    (n) => `${hex(32, n)}-${hex(8, n)}-${hex(8, n + 5)}`,
    (s) => `mail with ${s}`,
  ),
  'unseal key': around(
    (n) => base64(word(33, n)).slice(0, 44),
    (s) => `Unseal Key 1: ${s}`,
  ),
  'Elasticsearch passwords': around(
    (n) => word(20, n),
    (s) => `PASSWORD elastic = ${s}`,
  ),
  'SNMPv3 user': around(chosen, (s) => `snmp-server user app ops v3 auth sha ${s} priv aes 128 ${s}`),
  'JSON of Go': around(plain, (s) => String.raw`{"msg":"GET /login?password\u003d${s}\u0026page=2"}`),
  'escaped element': around(plain, (s) => `&lt;password&gt;${s}&lt;/password&gt;`),
  'element in JSON of Go': around(plain, (s) => String.raw`{"body":"\u003cpassword\u003e${s}\u003c/password\u003e"}`),
};
