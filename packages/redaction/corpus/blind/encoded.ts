import type { NamedSecret } from '../named-secrets.ts';
import { base64, randomText as random } from '../random-text.ts';
import {
  around,
  asBase64url,
  asHex,
  base64Text,
  base64url,
  chosen,
  hex,
  lines,
  pem,
  upper,
  uuid,
  word,
  zipped,
} from './values.ts';

/** Private keys, by their lines. */
const KEYS: Record<string, (lines: string[], seed: number) => string> = {
  'RSA key': (k) => pem('RSA PRIVATE KEY', k),
  'key in a block of YAML': (k) => `tls.key: |\n  ${pem('PRIVATE KEY', k).replaceAll('\n', '\n  ')}`,
  'encrypted key': (k) => pem('ENCRYPTED PRIVATE KEY', k),
  'PGP key': (k) => pem('PGP PRIVATE KEY BLOCK', ['', ...k, '=abcd']),
  'key that is cut off': (k) => pem('RSA PRIVATE KEY', k).split('\n').slice(0, 4).join('\n'),
  'key without its begin': (k) => pem('RSA PRIVATE KEY', k).split('\n').slice(1).join('\n'),
  'key in JSON': (k) => JSON.stringify({ private_key: `${pem('PRIVATE KEY', k)}\n`, client_id: '1' }),
  'key in JSON that is cut off': (k) =>
    `{"private_key":"${pem('PRIVATE KEY', k)
      .replaceAll('\n', String.raw`\n`)
      .slice(0, 200)}`,
  'key in lines of a log': (k) => pem('PRIVATE KEY', k).replaceAll(/^/gm, '2024-01-01T00:00:00Z stdout F '),
  'key with Windows line ends': (k) => pem('PRIVATE KEY', k).replaceAll('\n', '\r\n'),
  'key in one line': (k) => pem('PRIVATE KEY', k).replaceAll('\n', ' '),
  'key with headers': (k) => pem('RSA PRIVATE KEY', ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: AES-128-CBC,ABC', '', ...k]),
  'key in a variable of a shell': (k) => `SSH_KEY='${pem('OPENSSH PRIVATE KEY', k)}'`,
  'PuTTY key': (k, n) =>
    `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 4\n${k.join('\n')}\nPrivate-MAC: ${hex(64, n)}`,
};

/** Secrets in keys, encoded text, and where their names are elsewhere, as they were written before the rules were read. */
export const ENCODED: Record<string, (seed: number) => NamedSecret> = {
  jwk: around(
    (n) => base64url(342, n),
    (s, n) => `{"kty":"RSA","n":"${base64url(342, n + 5)}","e":"AQAB","d":"${s}"}`,
  ),
  'jwk oct': around(
    (n) => base64url(43, n),
    (s) => `{"kty":"oct","k":"${s}","alg":"HS256"}`,
  ),
  'age identity file': around(
    (n) => 'AGE-SECRET-KEY-1' + random(58, 'base32', n).toUpperCase(),
    (s) => `sops: ${s} failed`,
  ),
  'pem base64': around(
    (n) => base64(pem('RSA PRIVATE KEY', lines(4, n))),
    (s) => `tls.key: ${s}`,
  ),
  'pem hex': around(
    (n) => asHex(pem('PRIVATE KEY', lines(2, n))),
    (s) => `key=${s}`,
  ),
  'pem gzip base64': around(
    (n) => zipped(pem('RSA PRIVATE KEY', lines(4, n))),
    (s) => `data: ${s}`,
  ),
  'pem base64 cut': around(
    (n) => base64(pem('RSA PRIVATE KEY', lines(4, n))).slice(0, 150),
    (s) => `blob ${s}`,
  ),
  'helm release gzip': around(
    (n) => zipped('{"config":{"password":"' + chosen(n) + '"}}'),
    (s) => `release ${s}`,
  ),
  'token base64': around(
    (n) => base64('token ghp_' + word(36, n)),
    (s) => `event ${s}`,
  ),
  'token base64url': around(
    (n) => asBase64url('{"t":"glpat-' + base64url(20, n) + '"}'),
    (s) => `event ${s}`,
  ),
  'token hex': around(
    (n) => asHex('AKIA' + upper(16, n).replace(/[0189]/g, 'Z') + ' x'),
    (s) => `dump ${s}`,
  ),
  'json base64': around(
    (n) => base64('{"username":"a","password":"' + chosen(n) + '"}'),
    (s) => `payload: ${s}`,
  ),
  'env base64': around(
    (n) => base64('DB_PASSWORD=' + chosen(n) + '\nDB_HOST=x\n'),
    (s) => `env.b64 ${s}`,
  ),
  'url base64': around(
    (n) => base64('postgres://app:' + chosen(n) + '@db:5432/app'),
    (s) => `dsn_b64 ${s}`,
  ),
  'twice base64': around(
    (n) => base64(base64('{"password":"' + chosen(n) + chosen(n) + '"}')),
    (s) => `v ${s}`,
  ),
  'kubeconfig base64': around(
    (n) => base64('users:\n- name: a\n  user:\n    token: ' + word(48, n)),
    (s) => `kc ${s}`,
  ),
  'data uri': around(
    (n) => base64('{"password":"' + chosen(n) + '"}'),
    (s) => `data:application/json;base64,${s}`,
  ),
  'hex json': around(
    (n) => asHex('{"password":"' + chosen(n) + '"}'),
    (s) => `0x${s}`,
  ),
  'helm values': around(
    chosen,
    (s) => `global:\n  postgresql:\n    auth:\n      postgresPassword: ${s}\n      existingSecret: ""`,
  ),
  'vault kv table': around(chosen, (s) => `====== Data ======\nKey         Value\n---         -----\npassword    ${s}`),
  'vault write': around(chosen, (s) => `vault kv put secret/app password=${s} user=a`),
  consul: around(uuid, (s) => `CONSUL_HTTP_TOKEN=${s}`),
  'consul acl': around(
    uuid,
    (s, n) => `AccessorID:       ${hex(8, n)}-1111-4111-a111-${hex(12, n)}\nSecretID:         ${s}`,
  ),
  gossip: around(
    (n) => base64Text(43, n) + '=',
    (s) => `"encrypt": "${s}"`,
  ),
  'rabbitmq erlang cookie': around(
    (n) => upper(20, n),
    (s) => `RABBITMQ_ERLANG_COOKIE=${s}`,
  ),
  minio: around(chosen, (s) => `MINIO_ROOT_PASSWORD: ${s}`),
  's3 config': around(
    (n) => base64Text(40, n),
    (s) => `s3:\n  access_key: x\n  secret_key: ${s}`,
  ),
  'thanos objstore': around(
    (n) => base64Text(40, n),
    (s) => `config:\n  access_key: "A"\n  secret_key: "${s}"`,
  ),
  alertmanager: around(
    (n) => word(24, n),
    (s) => `slack_api_url: https://hooks.slack.com/services/T0AAAAAAA/B0BBBBBBB/${s}`,
  ),
  'prometheus basic auth': around(chosen, (s) => `basic_auth:\n  username: a\n  password: ${s}`),
  'prometheus bearer': around(
    (n) => word(40, n),
    (s) => `bearer_token: ${s}`,
  ),
  'prometheus authorization': around(
    (n) => word(40, n),
    (s) => `authorization:\n  type: Bearer\n  credentials: ${s}`,
  ),
  'log key then json string': around(
    chosen,
    (s) => `msg="config loaded" config="{\\"db\\":{\\"password\\":\\"${s}\\"}}"`,
  ),
  'stack trace args': around(chosen, (s) => `  File "a.py", line 1, in connect(user='a', passwd='${s}')`),
  'debug equals list': around(chosen, (s) => `args=[--user a --secret-key ${s}]`),
  'kv with tab': around(chosen, (s) => `password\t${s}`),
  'trace field': around(chosen, (s) => `db.statement="SET PASSWORD FOR 'a'@'%' = PASSWORD('${s}')"`),
  cypher: around(chosen, (s) => `NEO4J_AUTH=neo4j/${s}`),
  'basic in url log': around(
    (n) => base64('a:' + chosen(n)),
    (s) => `auth header "Basic ${s}" rejected`,
  ),
  'ssh askpass': around(chosen, (s) => `sudo -S <<< "${s}"`),
  'echo pipe sudo': around(chosen, (s) => `echo ${s} | sudo -S apt update`),
  'echo docker login': around(chosen, (s) => `echo "${s}" | docker login -u a --password-stdin`),
  'printf env ref': around(chosen, (s) => `token=\${TOKEN:-${s}}`),
  'compose default': around(chosen, (s) => `POSTGRES_PASSWORD: \${PG_PASS:-${s}}`),
  'windows unattend': around(chosen, (s) => `<AdministratorPassword><Value>${s}</Value></AdministratorPassword>`),
  'spring log': around(chosen, (s) => `Using generated security password: ${s}`),
  'tomcat user': around(chosen, (s) => `<user username="a" password="${s}" roles="manager"/>`),
  'nginx basic': around(
    (n) => base64('a:' + chosen(n)),
    (s) => `proxy_set_header Authorization "Basic ${s}";`,
  ),
  haproxy: around(chosen, (s) => `user admin insecure-password ${s}`),
  'traefik basicauth': around(
    (n) => '$apr1$' + word(8, n) + '$' + word(22, n),
    (s) => `basicauth.users=a:${s}`,
  ),
  'postgres scram': around(
    (n) => 'SCRAM-SHA-256$4096:' + base64Text(22, n) + '==$' + base64Text(43, n) + '=:' + base64Text(43, n) + '=',
    (s) => `rolpassword ${s}`,
  ),
  graphql: around(chosen, (s) => `mutation { login(email: "a@b.c", password: "${s}") { id } }`),
  'yaml anchor': around(chosen, (s) => `password: &pw ${s}`),
  'yaml tag': around(chosen, (s) => `password: !!str ${s}`),
  'yaml comment after': around(chosen, (s) => `password: ${s} # rotated`),
  'yaml flow': around(chosen, (s) => `db: {user: app, password: ${s}}`),
  'yaml quoted key': around(chosen, (s) => `"db-password": ${s}`),
  'yaml list of maps': around(chosen, (s) => `- user: a\n  pass: ${s}`),
  json5: around(chosen, (s) => `{user: 'a', password: '${s}',}`),
  'json pretty newline': around(chosen, (s) => `{\n  "password":\n    "${s}"\n}`),
  'syslog kv': around(chosen, (s) => `<34>1 2024 host app - - [x@1 password="${s}"] msg`),
  cef: around(chosen, (s) => `CEF:0|x|y|1|1|login|5|suser=a spassword=${s} src=1.1.1.1`),
  ...Object.fromEntries(
    Object.entries(KEYS).map(([name, text]): [string, (seed: number) => NamedSecret] => [
      name,
      (n) => ({ secret: lines(4, n)[1] ?? '', text: text(lines(4, n), n) }),
    ]),
  ),
};
