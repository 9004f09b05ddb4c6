import type { NamedSecret } from '../named-secrets.ts';
import { around, base64Text, digits, hex, word } from './values.ts';

/** A passphrase with spaces, a digit and a symbol. */
const spaced = (seed: number): string => `${word(4, seed)} ${word(5, seed + 1)} ${digits(2, seed)}`;
const short = (seed: number): string => `${word(5, seed)}-${digits(2, seed)}`;

/** Secrets in what containers log, in descriptions and in files. Each of these kinds was missed at first. */
export const IN_LOGS: Record<string, (seed: number) => NamedSecret> = {
  'SQL string with spaces': around(
    spaced,
    (s) => `LOG:  statement: CREATE USER a WITH ENCRYPTED PASSWORD '${s}' CREATEDB;`,
  ),
  'SQL string with a doubled quote': around(
    (n) => `O''${word(6, n)}`,
    (s) => `STATEMENT:  ALTER ROLE "app-rw" PASSWORD '${s}';`,
  ),
  'SQL string with an escape': around(
    (n) => String.raw`a\'${word(6, n)}`,
    (s) => `STATEMENT:  CREATE ROLE etl PASSWORD E'${s}' LOGIN`,
  ),
  'MySQL, in double quotes': around(spaced, (s) => `ALTER USER 'root'@'localhost' IDENTIFIED BY "${s}";`),
  'error of MySQL': around(short, (s) => `ERROR 1064 (42000): near 'IDENTIFIED BY '${s}'' at line 1`),
  'column of an INSERT': around(
    short,
    (s) => `INSERT INTO users (id, name, password) VALUES (1, 'a, (b)', '${s}'), (2, 'c', NULL)`,
  ),
  sp_addlogin: around(short, (s) => `EXEC sp_addlogin 'app', '${s}'`),
  'digest of PostgreSQL': around(
    (n) => `md5${hex(32, n)}`,
    (s) => `userlist entry "stats" "${s}"`,
  ),
  'changeUserPassword of MongoDB': around(short, (s) => `db.changeUserPassword("reporting", "${s}")`),
  'stack trace of PHP': around(short, (s) => `#0 PDO.php(70): PDO->__construct('mysql:host=db', 'app', '${s}', Array)`),
  'ACL of Redis with a digest': around(
    (n) => hex(64, n),
    (s) => `user default on #${s} ~* &* +@all`,
  ),
  'sentinel auth-pass': around(short, (s) => `sentinel auth-pass mymaster ${s}`),
  'users of a JAAS module': around(short, (s) => `  DigestLoginModule required\n  user_super="${s}";`),
  'header of nginx': around(short, (s) => `    proxy_set_header X-Api-Key "${s}";`),
  'parameter of FastCGI': around(short, (s) => `fastcgi_param DB_PASS ${s};`),
  'header of Envoy': around(short, (s) => `':method', 'GET'\n'x-api-key', '${s}'\n`),
  'short bearer token': around(
    (n) => `t${word(6, n)}-${digits(3, n)}`,
    (s) => `proxy_set_header Authorization "Bearer ${s}";`,
  ),
  'short code in a query': around(
    (n) => `a${word(6, n)}B7-${digits(2, n)}`,
    (s) => `"GET /invite/accept?code=${s}&state=x HTTP/1.1" 302`,
  ),
  'auth in a query': around(short, (s) => `Get "http://10.0.0.3:80/ready?auth=q-${s}": dial tcp`),
  'environment with spaces': around(
    spaced,
    (s) => `    Environment:\n      DB_HOST:      db\n      DB_PASSWORD:  ${s}\n      PORT:  80`,
  ),
  'INI with spaces': around(spaced, (s) => `[db]\npass = ${s}\nhost = db`),
  'property with spaces': around(
    (n) => `ab ${word(6, n)} cd`,
    (s) => `spring.datasource.password=${s}`,
  ),
  'passphrase of words': around(
    (n) => `correct horse battery ${word(6, n)}`,
    (s) => `pass phrase: ${s}`,
  ),
  'unit file with spaces': around(spaced, (s) => `Environment="DB_PASS=${s}" "X=1"`),
  'curl with spaces': around(spaced, (s) => `curl -u admin:'${s}' http://nexus:8081/status`),
  'arguments in lines': around(
    short,
    (s) => `    Args:\n      --user\n      admin\n      --password\n      a1${s}\n    State: Running`,
  ),
  'arguments in a list without quotes': around(short, (s) => `args: [redis-server, --requirepass, a1${s}]`),
  'value of a property in a message': around(
    short,
    (s) => `Property: spring.mail.password Value: "${s}" Origin: class path`,
  ),
  'dots before a value': around(short, (s) => `HikariConfig - password........................${s}`),
  'confirmation of a password': around(short, (s) => `{"password_confirmation"=>"${s}"}`),
  'digit in the place of a letter': around(
    (n) => `Str0ng(!)${word(6, n)}`,
    (s) => `SA_PASSWORD=${s}`,
  ),
  'name in small letters as a secret': around(
    (n) => `a-fox-${digits(2, n)}${word(3, n).toLowerCase()}`,
    (s) => `SESSION_SECRET='${s}'`,
  ),
  'cut off hash': around(
    (n) => `$6$rounds=4096$abcdefgh$${word(50, n)}`,
    (s) => `users:\n- name: ops\n  passwd: ${s}`,
  ),
  'users of cloud-init': around(short, (s) => `chpasswd:\n  list: |\n    root:${s}\n    ubuntu:${s}\n`),
  'key of a service': around(
    (n) => hex(32, n),
    (s) => `  - service_key: ${s}\n    severity: critical`,
  ),
  'account key of Azure, with the account in its name': around(
    (n) => `${base64Text(86, n)}==`,
    (s) => `--conf spark.hadoop.fs.azure.account.key.acc.dfs.core.windows.net=${s}`,
  ),
  'certificate key of kubeadm': around(
    (n) => hex(64, n),
    (s) => `[upload-certs] Using certificate key:\n${s}\n`,
  ),
  'PIN in prose': around(
    (n) => digits(6, n),
    (s) => `Your PIN is ${s}`,
  ),
  'code that is used once': around(
    (n) => digits(6, n),
    (s) => `OTP code: ${s} sent to +49 1`,
  ),
  'API key in prose': around(
    (n) => `xk${digits(2, n)}-${word(6, n)}`,
    (s) => `api key is ${s}`,
  ),
  'password of a user in prose': around(
    (n) => `Ab${digits(2, n)}${word(6, n)}`,
    (s) => `Simple auth manager | Password for user 'admin': ${s}`,
  ),
  'password with spaces in prose': around(spaced, (s) => `the new password for ana is "${s}"`),
  'user and password in a note': around(short, (s) => `NOTES: Get your password: admin / a1${s}`),
  'IMAP with spaces': around(spaced, (s) => `a1 LOGIN joe "${s}"`),
  'pre-shared key with spaces': around(spaced, (s) => `10.0.0.1 10.0.0.2 : PSK "${s}"`),
  'answer of OpenVPN': around(spaced, (s) => `>PASSWORD: password "Auth" "${s}"`),
  'user of SNMP': around(short, (s) => `createUser mon SHA "auth${s}" AES "${s}"`),
  'second password of SNMP': around(short, (s) => `snmpget -v3 -u mon -a SHA -A other -x AES -X ${s} h`),
  'net use': around(short, (s) => String.raw`net use Z: \\nas\s ${s} /user:dom\svc`),
  xfreerdp: around(short, (s) => `xfreerdp /u:adm /p:${s} /v:h`),
  'password with spaces behind the word': around(spaced, (s) => `nmcli dev wifi connect home password '${s}'`),
  'hash of WordPress in an INSERT': around(
    (n) => `$P$B${word(30, n)}`,
    (s) => `INSERT INTO wp_users (user_login, user_pass) VALUES ('admin', '${s}')`,
  ),
  'users of JAAS in one line': around(short, (s) => `sasl.jaas.config=x required username="admin" user_bob="${s}";`),
  'vault operator unseal': around(
    (n) => `${base64Text(43, n)}=`,
    (s) => `vault operator unseal ${s}`,
  ),
  'cookie of nginx': around(short, (s) => `proxy_set_header Cookie "sid=${s}";`),
  'user of HAProxy': around(short, (s) => `user admin insecure-password ${s}`),
  'mc admin user add': around(short, (s) => `mc admin user add local bob ${s}`),
  'argument in a stack trace': around(short, (s) => `#4 login(Object(App\\User), 'a1${s}')`),
  ldappasswd: around(short, (s) => `ldappasswd -s ${s} -D cn=a`),
  'directive of Apache with spaces': around(spaced, (s) => `AuthLDAPBindPassword "${s}"`),
  'login in prose': around(short, (s) => `Login with admin:a1${s}`),
  'user in brackets': around(short, (s) => `Password (admin): a1${s}`),
  'secret in prose': around(
    (n) => `s3${word(4, n)}-Et${digits(2, n)}`,
    (s) => `secret is ${s}`,
  ),
  'etcdctl user add': around(short, (s) => `etcdctl user add app:${s}`),
};

/** Texts without secrets in the same contexts. */
export const PLAIN_IN_LOGS: readonly string[] = [
  "Cloning into 'https://gitlab-ci-token:[MASKED]@gitlab.example/a/b.git'",
  "'password' => 'required|string|min:8',",
  'System.Threading.CancellationToken cancellationToken = default',
  'Culture=neutral, PublicKeyToken=b77a5c561934e089',
  'passwords=3 failures=2 lockouts=0',
  'ALTER ROLE app PASSWORD NULL;',
  "ALTER SYSTEM SET password_encryption = 'scram-sha-256';",
  'INSERT INTO users (name, password) VALUES (?, ?)',
  "INSERT INTO t (name, passwords) VALUES ('a', 3)",
  'password: must be at least 12 characters',
  'token: 3 of 5 segments are missing',
  'proxy_set_header X-Api-Key "";',
  'proxy_set_header X-Auth-Token $upstream_token;',
  'Bearer realm="registry", error="invalid_token"',
  'GET /errors?code=E401 HTTP/1.1',
  'gpio pin=17 mapping=4',
  'exit code: 137',
  '    Args:\n      --password\n      --verbose\n    State: Running',
  'args: [app, --password, --verbose]',
  'chpasswd:\n  expire: false',
  'PASS: TestOrder1 (0.02s)',
  'api key is not valid',
  'user "a" was assigned a PIN',
  'password: 3 attempts remaining',
  'secret: mounted 3 volumes',
  'DB_PASSWORD: see vault path kv 2',
  '  token: kubernetes.io/service-account-token',
  "password 'for 2 users'",
  "authenticate('local', 'failed')",
  'secret is v1.Secret',
];
