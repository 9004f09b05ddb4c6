import { randomText as random, base64 } from './random-text.ts';

const password = (seed: number): string => `${random(5, 'lower', seed)}-R${random(6, 'word', seed)}!`;
const plain = (seed: number): string => `q${random(9, 'word', seed)}7z`;
const word = (length: number, seed: number): string => random(length, 'word', seed);
const hex = (length: number, seed: number): string => random(length, 'hex', seed);

/** A text and the secret in it. */
export interface NamedSecret {
  text: string;
  secret: string;
}

const around = (secret: string, text: (secret: string) => string): NamedSecret => ({ secret, text: text(secret) });
const [dash] = ['-----'];
const pem = (kind: string, n: number): string =>
  [
    `${dash}BEGIN ${kind}${dash}`,
    ...Array.from({ length: 12 }, (_, line) => random(64, 'base64', n * 100 + line)),
    `${dash}END ${kind}${dash}`,
  ].join('\n');
const firstLine = (block: string): string => block.split('\n')[1] ?? '';
const block = (kind: string, text: (pem: string) => string) => (n: number) => ({
  secret: firstLine(pem(kind, n)),
  text: text(pem(kind, n)),
});

/** Secrets that are recognised by their name or by what is around them, by shape. */
export const NAMED_SECRETS: Record<string, (seed: number) => NamedSecret> = {
  'environment variable': (n) => around(password(n), (s) => `DB_PASSWORD=${s} retries=3`),
  'exported variable with punctuation': (n) => around(`a,b;${plain(n)}`, (s) => `export DB_PASSWORD=${s}`),
  MYSQL_PWD: (n) => around(plain(n), (s) => `MYSQL_PWD=${s} mysqldump orders`),
  'variable that ends in PASS': (n) => around(plain(n), (s) => `SMTP_PASS=${s}`),
  'AWS secret key': (n) => around(random(40, 'base64', n), (s) => `aws_secret_access_key = ${s}`),
  'AWS session token': (n) => around(random(200, 'base64', n), (s) => `AWS_SESSION_TOKEN=${s}`),
  'quoted assignment': (n) => around(`correct horse ${n}`, (s) => `connecting with password="${s}" to db`),
  'quoted value with an escaped quote': (n) => around(`ab\\"${plain(n)}`, (s) => `{"password":"${s}"}`),
  JSON: (n) => around(plain(n), (s) => `{"apiKey":"${s}","user":"app"}`),
  'JSON with spaces and lines': (n) => around(plain(n), (s) => `{\n  "client_secret":\n    "${s}"\n}`),
  'JSON in JSON': (n) => around(plain(n), (s) => JSON.stringify({ msg: JSON.stringify({ refreshToken: s }) })),
  'JSON in JSON in JSON': (n) =>
    around(plain(n), (s) => JSON.stringify({ a: JSON.stringify({ msg: JSON.stringify({ refreshToken: s }) }) })),
  'JSON number': (n) => around(`4${random(7, 'digit', n)}`, (s) => `{"user":"app","password":${s}}`),
  YAML: (n) => around('swordfish', (s) => `db:\n  user: app${n}\n  password: ${s}\n  port: 5432`),
  'YAML in one line': (n) => around(`open${n}sesame`, (s) => `{password: ${s}, user: app}`),
  'YAML name and value': (n) => around('swordfish', (s) => `- name: DB_PASSWORD${n}_TOKEN\n  value: ${s}`),
  'JSON name and value': (n) => around(plain(n), (s) => `{"name":"DB_PASSWORD","value":"${s}"}`),
  TOML: (n) => around(plain(n), (s) => `[db]\npassword = '${s}'`),
  'XML element': (n) => around('swordfish', (s) => `<db><user>u${n}</user><password>${s}</password></db>`),
  'XML attribute': (n) => around(plain(n), (s) => `<connection user="app" password="${s}"/>`),
  'XML property': (n) => around('swordfish', (s) => `<property name="hibernate${n}.password" value="${s}"/>`),
  'XML appSettings': (n) => around(plain(n), (s) => `<add key="ApiKey" value="${s}" />`),
  'Java properties': (n) => around(plain(n), (s) => `spring.datasource.password=${s}`),
  'Java toString': (n) => around('swordfish', (s) => `Config{user=app${n}, password=${s}, port=5}`),
  'Go struct': (n) => around('swordfish', (s) => `config: {Host:db${n} User:app Password:${s} Port:5432}`),
  'Go struct with quotes': (n) => around('sword fish', (s) => `&Config{User:"app${n}", Password:"${s}"}`),
  'Python dict': (n) => around(plain(n), (s) => `kwargs={'user': 'app', 'password': '${s}'}`),
  'Ruby hash': (n) => around('swordfish', (s) => `{:user=>"app${n}", :password=>"${s}"}`),
  'PHP array': (n) => around('swordfish', (s) => `    [password${n === 1 ? '' : '_token'}] => ${s}`),
  'flag with a space': (n) => around('swordfish', (s) => `exec: migrate --user app${n} --password ${s} --verbose`),
  'flag with an equals sign': (n) => around('swordfish', (s) => `migrate --db-password=${s} --port=${n}`),
  'flag in an argument list': (n) => around('swordfish', (s) => `args: ["--port", "${n}", "--api-key", "${s}"]`),
  'curl user': (n) => around(plain(n), (s) => `curl -s -u admin:${s} https://shop.example/api`),
  'curl header': (n) => around(plain(n), (s) => `curl -H 'X-Api-Key: ${s}' https://shop.example/api`),
  'mysql -p': (n) => around(plain(n), (s) => `mysql -h db -u root -p${s} orders`),
  sshpass: (n) => around(plain(n), (s) => `sshpass -p ${s} ssh root@node-${n}`),
  'docker login': (n) => around(plain(n), (s) => `docker login -u app -p ${s} registry.example`),
  'SQL identified by': (n) => around('swordfish', (s) => `CREATE USER app${n} IDENTIFIED BY '${s}'`),
  'SQL password': (n) => around('swordfish', (s) => `ALTER ROLE app${n} WITH PASSWORD '${s}';`),
  'Redis AUTH': (n) => around(plain(n), (s) => `"AUTH" "${s}"`),
  'Redis requirepass': (n) => around(plain(n), (s) => `requirepass ${s}`),
  netrc: (n) => around(plain(n), (s) => `machine git.example login app password ${s}`),
  pgpass: (n) => around(plain(n), (s) => `db.shop:5432:orders:app:${s}`),
  npmrc: (n) => around(base64(`app:${plain(n)}`), (s) => `//registry.example/:_auth=${s}`),
  'docker auth': (n) =>
    around(base64(`app:${plain(n)}`), (s) => `{"auths":{"registry.example":{"username":"app","auth":"${s}"}}}`),
  'kubeconfig token': (n) => around(word(40, n), (s) => `users:\n- name: a\n  user:\n    token: ${s}`),
  'kubeconfig key': (n) => around(base64(pem('EC PRIVATE KEY', n)), (s) => `    client-key-data: ${s}`),
  'bootstrap token': (n) => around(`${hex(6, n)}.${hex(16, n)}`, (s) => `kubeadm join api:6443 --token ${s}`),
  'Bearer header': (n) => around(word(40, n), (s) => `Authorization: Bearer ${s}`),
  'Basic header': (n) => around(base64(`app:${plain(n)}`), (s) => `authorization: Basic ${s}`),
  'Token header': (n) => around(hex(40, n), (s) => `"Authorization": "Token ${s}"`),
  'AWS signature': (n) =>
    around(hex(64, n), (s) => `Authorization: AWS4-HMAC-SHA256 Credential=x/eu, SignedHeaders=host, Signature=${s}`),
  'raw Authorization header': (n) => around(word(32, n), (s) => `> authorization: ${s}`),
  'X-Api-Key header': (n) => around(word(32, n), (s) => `X-API-Key: ${s}`),
  'PRIVATE-TOKEN header': (n) => around(word(20, n), (s) => `PRIVATE-TOKEN: ${s}`),
  'Cookie header': (n) => around(word(26, n), (s) => `Cookie: theme=dark; JSESSIONID=${s}`),
  'Set-Cookie header': (n) => around(word(26, n), (s) => `set-cookie: sid=${s}; Path=/; HttpOnly`),
  'cookie in JSON': (n) => around(word(26, n), (s) => `{"headers":{"cookie":"_session=${s}; a=b"}}`),
  'query string': (n) => around(word(20, n), (s) => `GET /login?user=a&token=${s}&page=2`),
  'key in a query string': (n) => around(word(32, n), (s) => `GET https://maps.example/api?key=${s}&q=x`),
  'encoded query string': (n) => around(word(20, n), (s) => `redirect=%2Fcb%3Faccess_token%3D${s}%26a%3Db`),
  'OAuth code exchange': (n) => around(word(30, n), (s) => `grant_type=refresh_token&refresh_token=${s}&client_id=a`),
  'form login': (n) => around(plain(n), (s) => `username=app&passwd=${s}`),
  'Azure SAS': (n) =>
    around(`${word(43, n)}%3D`, (s) => `https://a.blob.core.windows.net/c/b?sv=2024-05-04&se=2026&sr=b&sp=r&sig=${s}`),
  'Azure storage': (n) =>
    around(`${random(86, 'base64', n)}==`, (s) => `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${s};`),
  'Azure Service Bus': (n) =>
    around(
      `${random(43, 'base64', n)}=`,
      (s) => `Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${s}`,
    ),
  'S3 presigned URL': (n) =>
    around(hex(64, n), (s) => `https://b.s3.amazonaws.com/o?X-Amz-Expires=60&X-Amz-Signature=${s}`),
  'Postgres URL': (n) => around(password(n), (s) => `dial postgres://app:${s}@db.shop:5432/orders: refused`),
  'Postgres URL with a driver': (n) => around(plain(n), (s) => `postgresql+asyncpg://app:${s}@db/orders`),
  'URL with a special password': (n) => around(`p@ss/${plain(n)}#1`, (s) => `amqp://app:${s}@mq.shop:5672/`),
  'MongoDB URL': (n) => around(plain(n), (s) => `mongodb+srv://app:${s}@c0.example.mongodb.net/?retryWrites=true`),
  'Redis URL': (n) => around(plain(n), (s) => `redis://:${s}@cache:6379/0`),
  'URL with a token as user': (n) => around(word(40, n), (s) => `git clone https://${s}@git.example/shop/cart.git`),
  'HTTP URL': (n) => around(plain(n), (s) => `proxy http://app:${s}@proxy.example:3128`),
  'JDBC URL': (n) => around(plain(n), (s) => `jdbc:postgresql://db:5432/orders?user=app&password=${s}&ssl=true`),
  'JDBC SQL Server': (n) => around(plain(n), (s) => `jdbc:sqlserver://db:1433;databaseName=o;user=a;password=${s};`),
  'JDBC Oracle': (n) => around(plain(n), (s) => `jdbc:oracle:thin:app/${s}@db:1521:orcl`),
  'Go MySQL DSN': (n) => around(plain(n), (s) => `app:${s}@tcp(db.shop:3306)/orders?parseTime=true`),
  libpq: (n) => around(plain(n), (s) => `host=db user=app password=${s} dbname=orders`),
  'ADO.NET': (n) => around(plain(n), (s) => `Server=db;User Id=app;Pwd=${s};Timeout=5`),
  'Sentry DSN': (n) => around(hex(32, n), (s) => `SENTRY=https://${s}@o1.ingest.sentry.io/2`),
  JAAS: (n) =>
    around('swordfish', (s) => `sasl.jaas.config=x.PlainLoginModule required username="a${n}" password="${s}";`),
  'prose with a quoted password': (n) => around(plain(n), (s) => `login failed: password "${s}" for user app`),
  'prose with a password': (n) => around(plain(n), (s) => `the initial admin password is ${s}`),
  'Jenkins setup': (n) => around(hex(32, n), (s) => `Please use the following password to proceed:\n\n${s}\n`),
  'JSON Web Key': (n) => around(word(43, n), (s) => `{"kty":"EC","crv":"P-256","x":"abc","d":"${s}"}`),
  'WireGuard key': (n) => around(`${random(43, 'base64', n)}=`, (s) => `[Interface]\nPrivateKey = ${s}`),
  'RSA key': block('RSA PRIVATE KEY', (s) => `start\n${s}\ndone`),
  'EC key': block('EC PRIVATE KEY', (s) => s),
  'PKCS #8 key': block('PRIVATE KEY', (s) => `tls.key: |\n${s.replaceAll(/^/gm, '  ')}`),
  'encrypted key': block('ENCRYPTED PRIVATE KEY', (s) => s),
  'OpenSSH key': block('OPENSSH PRIVATE KEY', (s) => s.replaceAll('\n', String.raw`\n`)),
  'PGP key': block('PGP PRIVATE KEY BLOCK', (s) => s.replace('\n', '\nVersion: GnuPG v2\n\n')),
  'key in one line': block('RSA PRIVATE KEY', (s) => s.replaceAll('\n', ' ')),
  'key cut off at its end': block('RSA PRIVATE KEY', (s) => s.slice(0, 500)),
  'key cut off at its start': block('RSA PRIVATE KEY', (s) => s.slice(s.indexOf('\n') + 1)),
  'PuTTY key': (n) =>
    around(random(64, 'base64', n), (s) => `PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n${s}\nPrivate-MAC: ab`),
  'base64 of a key': (n) => around(base64(pem('RSA PRIVATE KEY', n)), (s) => `  tls.key: ${s}`),
  'base64 of a token': (n) => around(base64(`ghp_${word(36, n)}`), (s) => `value ${s} decoded`),
  'base64 of a variable': (n) => around(base64(`DB_PASSWORD=${plain(n)}`), (s) => `env: ${s}`),
  'base64 of JSON': (n) => around(base64(`{"password":"${plain(n)}"}`), (s) => `payload=${s} size=42`),
  'base64 of a URL': (n) => around(base64(`postgres://app:${plain(n)}@db/orders`), (s) => `data: ${s}`),
  'base64 of base64': (n) => around(base64(base64(`DB_PASSWORD=${plain(n)}`)), (s) => `data: ${s}`),
  'Rails secret': (n) => around(hex(64, n), (s) => `secret_key_base: ${s}`),
  'session id': (n) => around(word(26, n), (s) => `SessionId=${s}`),
  'XML CDATA': (n) => around(plain(n), (s) => `<Password><![CDATA[${s}]]></Password>`),
  'Java header map': (n) => around(word(32, n), (s) => `headers={authorization=[${s}]}`),
  'password in prose without quotes': (n) => around(`${plain(n)}Q`, (s) => `ldap: bind password ${s} rejected`),
  'redis-cli': (n) => around(plain(n), (s) => `redis-cli -h cache -a ${s} ping`),
  'mongo shell': (n) => around(plain(n), (s) => `mongo -u root -p ${s} --quiet`),
  'vault login': (n) => around(word(24, n), (s) => `vault login ${s}`),
  'aws configure': (n) => around(word(40, n), (s) => `aws configure set aws_secret_access_key ${s}`),
  openssl: (n) => around(plain(n), (s) => `openssl rsa -in k.pem -passin pass:${s}`),
  htpasswd: (n) => around(plain(n), (s) => `htpasswd -b users.db app ${s}`),
  'docker auth in JSON': (n) => around(base64(`app:${plain(n)}`), (s) => `{"r.example": {"auth": "${s}"}}`),
  'GCP service account': (n) =>
    around(hex(40, n), (s) => `{"type": "service_account", "private_key_id": "${s}", "project_id": "p"}`),
  'Google Cloud signature': (n) =>
    around(`${word(20, n)}%2B${word(20, n)}%2F${word(20, n)}`, (s) => `GET /o?Expires=1&Signature=${s}&x=1`),
  'Secret as YAML': (n) =>
    around(random(20, 'base64', n), (s) => `apiVersion: v1\ndata:\n  conf: ${s}\nkind: Secret\nmetadata:\n  name: x`),
  'Secret as YAML in a list': (n) =>
    around(plain(n), (s) => `items:\n- apiVersion: v1\n  kind: Secret\n  stringData:\n    conf: |\n      pin=${s}\n`),
  'YAML block': (n) => around(`open ${plain(n)}`, (s) => `db:\n  password: |\n    ${s}\n  port: 5432`),
  'YAML folded block': (n) => around(plain(n), (s) => `password: >-\n  ${s}`),
  'YAML with a doubled quote': (n) => around(`a''${plain(n)}`, (s) => `password: '${s}'`),
  'TOML with three quotes': (n) => around(plain(n), (s) => `api_token = '''${s}'''`),
  'here-document': (n) => around(plain(n), (s) => `password = <<EOT\n${s}\nEOT`),
  'flag in a YAML list': (n) => around(plain(n), (s) => `args:\n- --password\n- ${s}`),
  'command as a list': (n) => around(plain(n), (s) => `exec: ["redis-cli", "-a", "${s}", "ping"]`),
  'Markdown table': (n) => around(plain(n), (s) => `| user | app |\n| password | ${s} |`),
  'Markdown code': (n) => around(plain(n), (s) => `The value of \`DB_PASSWORD\` is \`${s}\`.`),
  'Rust struct': (n) => around(plain(n), (s) => `Config { host: "db", api_key: Some("${s}") }`),
  'Go header map': (n) => around(word(24, n), (s) => `map[X-Api-Key:[${s}] Accept:[*/*]]`),
  'shared key header': (n) => around(`${random(43, 'base64', n)}=`, (s) => `Authorization: SharedKey account:${s}`),
  snmpwalk: (n) => around(plain(n), (s) => `snmpwalk -v2c -c ${s} 10.0.0.1`),
  ipmitool: (n) => around(plain(n), (s) => `ipmitool -H bmc -U admin -P ${s} power status`),
  ldapsearch: (n) => around(plain(n), (s) => `ldapsearch -D cn=admin -w ${s} -b dc=shop`),
  sqlplus: (n) => around(plain(n), (s) => `sqlplus system/${s}@db`),
  smbclient: (n) => around(plain(n), (s) => `smbclient //files/share -U app%${s}`),
  rabbitmqctl: (n) => around(plain(n), (s) => `rabbitmqctl add_user app ${s}`),
  chpasswd: (n) => around(plain(n), (s) => `echo root:${s} | chpasswd`),
  'kubectl --from-literal': (n) => around(plain(n), (s) => `kubectl create secret generic x --from-literal=foo=${s}`),
  'bind password': (n) => around(plain(n), (s) => `ldap bind dn=cn=admin bindpw=${s}`),
  'PagerDuty routing key': (n) => around(hex(32, n), (s) => `routing_key: ${s}`),
  'Application Insights key': (n) => around(hex(32, n), (s) => `InstrumentationKey=${s};IngestionEndpoint=https://x/`),
  'Erlang cookie': (n) => around(random(20, 'upper', n), (s) => `RABBITMQ_ERLANG_COOKIE=${s}`),
  'directive with a random value': (n) => around(word(24, n), (s) => `shared_key ${s}`),
  'quoted directive': (n) => around(plain(n), (s) => `10.0.0.1 10.0.0.2 : PSK "${s}"`),
  'setting of a command': (n) => around(word(24, n), (s) => `ngrok config add-authtoken ${s}`),
  'key with a random value': (n) => around(`AQ${word(36, n)}==`, (s) => `[client.admin]\n\tkey = ${s}`),
  'masked value of a workflow': (n) => around(plain(n), (s) => `::add-mask::${s}`),
  'OpenVPN key': (n) => ({
    secret: hex(32, n),
    text: `${dash}BEGIN OpenVPN Static key V1${dash}\n${hex(32, n)}\n${dash}END OpenVPN Static key V1${dash}`,
  }),
};
