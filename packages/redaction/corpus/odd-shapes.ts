import type { NamedSecret } from './named-secrets.ts';
import { base64, randomText as random } from './random-text.ts';

const word = (length: number, seed: number): string => random(length, 'word', seed);
const hex = (length: number, seed: number): string => random(length, 'hex', seed);
const upper = (length: number, seed: number): string => random(length, 'upper', seed);
const digits = (length: number, seed: number): string => random(length, 'digit', seed);
const lower = (length: number, seed: number): string => random(length, 'lower', seed);
const uuid = (seed: number): string => [8, 4, 4, 4, 12].map((length, part) => hex(length, seed * 10 + part)).join('-');
/** What a person chooses. */
const chosen = (seed: number): string => ['Winter-Falke92!', 'tr0ub4dor.Linde'][seed - 1] ?? '';
const plain = (seed: number): string => ['blaueKatze47', 'opal3Regen9'][seed - 1] ?? '';

const around =
  (secret: (seed: number) => string, text: (secret: string) => string) =>
  (seed: number): NamedSecret => ({ secret: secret(seed), text: text(secret(seed)) });

/** Shapes that were written before the rules were read: each was missed once. */
export const ODD_SHAPES: Record<string, (seed: number) => NamedSecret> = {
  'GitLab pipeline trigger': around(
    (n) => `glptt-${hex(40, n)}`,
    (s) => `trigger ${s} of project 41 failed`,
  ),
  'GitLab OAuth secret': around(
    (n) => `gloas-${hex(64, n)}`,
    (s) => `app: ${s}`,
  ),
  'Slack configuration token': around(
    (n) => `xoxe.xoxp-1-${word(160, n)}`,
    (s) => `rotate ${s}`,
  ),
  '1Password service account': around(
    (n) => `ops_eyJ${word(250, n)}`,
    (s) => `op whoami with ${s}`,
  ),
  '1Password secret key': around(
    (n) => `A3-${upper(6, n)}-${upper(11, n)}-${upper(5, n)}-${upper(5, n + 7)}-${upper(5, n + 9)}`,
    (s) => `emergency kit: ${s}`,
  ),
  'Google HMAC key': around(
    (n) => `GOOG1E${upper(55, n)}`,
    (s) => `hmac ${s} expired`,
  ),
  'AWS Bedrock key': around(
    (n) => `ABSKQmVkcm9ja0FQSUtleS1${word(110, n)}=`,
    (s) => `bedrock: ${s}`,
  ),
  'Clojars token': around(
    (n) => `CLOJARS_${hex(60, n)}`,
    (s) => `deploy with ${s}`,
  ),
  'Duffel token': around(
    (n) => `duffel_live_${word(43, n)}`,
    (s) => `using ${s}`,
  ),
  'Frame.io token': around(
    (n) => `fio-u-${word(64, n)}`,
    (s) => `using ${s}`,
  ),
  'Octopus key': around(
    (n) => `API-${upper(26, n)}`,
    (s) => `octo login ${s}`,
  ),
  'OpenShift token': around(
    (n) => `sha256~${word(43, n)}`,
    (s) => `oc login with ${s} refused`,
  ),
  'Okta token': around(
    (n) => `00${word(40, n)}`,
    (s) => `Authorization: SSWS ${s}`,
  ),
  'ReadMe key': around(
    (n) => `rdme_xn8s9h${lower(64, n)}`,
    (s) => `docs: ${s}`,
  ),
  'Scalingo token': around(
    (n) => `tk-us-${word(48, n)}`,
    (s) => `scalingo ${s}`,
  ),
  'Langfuse key': around(
    (n) => `sk-lf-${uuid(n)}`,
    (s) => `langfuse ${s}`,
  ),
  'Pinecone key': around(
    (n) => `pcsk_${word(5, n)}_${word(63, n)}`,
    (s) => `index with ${s}`,
  ),
  'Resend key': around(
    (n) => `re_${word(8, n)}_${word(24, n)}`,
    (s) => `mail with ${s}`,
  ),
  'MaxMind key': around(
    (n) => `${word(6, n)}_${word(29, n)}_mmk`,
    (s) => `geoip update, ${s}`,
  ),
  'Mandrill key': around(
    (n) => `md-${word(22, n)}`,
    (s) => `smtp user app, ${s}`,
  ),
  'k3s token': around(
    (n) => `K10${hex(64, n)}::server:${hex(32, n)}`,
    (s) => `joining with ${s}`,
  ),
  'Rancher token': around(
    (n) => `token-${lower(5, n)}:${lower(54, n)}`,
    (s) => `rancher login ${s}`,
  ),
  'Yandex key': around(
    (n) => `AQVN${word(36, n)}`,
    (s) => `yc with ${s}`,
  ),
  'Zapier hook': around(
    (n) => lower(7, n),
    (s) => `POST https://hooks.zapier.com/hooks/catch/7712345/${s}/ 200`,
  ),
  'Google Chat hook': around(
    (n) => word(43, n),
    (s) => `POST https://chat.googleapis.com/v1/spaces/AAAAb0/messages?threadKey=a&token=${s} 403`,
  ),
  'PagerDuty address': around(
    (n) => hex(32, n),
    (s) => `https://events.pagerduty.com/integration/${s}/enqueue`,
  ),
  'Opsgenie header': around(uuid, (s) => `Authorization: GenieKey ${s}`),
  'Azure function code': around(
    (n) => `${word(54, n)}==`,
    (s) => `GET https://shop.azurewebsites.net/api/f?code=${s}`,
  ),
  'Azure API management header': around(
    (n) => hex(32, n),
    (s) => `Ocp-Apim-Subscription-Key: ${s}`,
  ),
  'Event Grid header': around(
    (n) => `${word(43, n)}=`,
    (s) => `aeg-sas-key: ${s}`,
  ),
  'Datadog header': around(
    (n) => hex(32, n),
    (s) => `> DD-API-KEY: ${s}`,
  ),
  'Consul header': around(uuid, (s) => `curl -H "X-Consul-Token: ${s}" http://consul:8500/v1/kv/a`),
  'Postmark header': around(uuid, (s) => `X-Postmark-Server-Token: ${s}`),
  'Digest header': around(
    (n) => hex(32, n),
    (s) => `Authorization: Digest username="app", realm="r", response="${s}"`,
  ),
  'Negotiate header': around(
    (n) => `YII${word(300, n)}`,
    (s) => `authorization: Negotiate ${s}`,
  ),
  'raw headers of Node': around(
    (n) => word(40, n),
    (s) => `rawHeaders: [ 'Host', 'shop', 'Authorization', 'Bearer ${s}' ]`,
  ),
  'SAML response': around(
    (n) => base64(`<samlp:Response ID="${word(90, n)}"/>`),
    (s) => `POST /acs SAMLResponse=${s}`,
  ),
  'WS-Security password': around(chosen, (s) => `<wsse:Password Type="wsse#PasswordText">${s}</wsse:Password>`),
  'OTP address': around(
    (n) => random(32, 'base32upper', n),
    (s) => `otpauth://totp/shop:app?secret=${s}&issuer=shop`,
  ),
  'PKCE verifier': around(
    (n) => word(64, n),
    (s) => `grant_type=authorization_code&code_verifier=${s}`,
  ),
  machineKey: around(
    (n) => upper(64, n),
    (s) => `<machineKey validationKey="${s}" validation="SHA1" />`,
  ),
  'Laravel key': around(
    (n) => `${word(43, n)}=`,
    (s) => `APP_KEY=base64:${s}`,
  ),
  'Rails master key': around(
    (n) => hex(32, n),
    (s) => `RAILS_MASTER_KEY=${s} rails server`,
  ),
  'Django key': around(
    (n) => `django-insecure-${word(50, n)}`,
    (s) => `SECRET_KEY = '${s}'`,
  ),
  'PHP define': around(chosen, (s) => `define( 'DB_PASSWORD', '${s}' );`),
  'WordPress salt': around(
    (n) => word(64, n),
    (s) => `define('LOGGED_IN_KEY',    '${s}');`,
  ),
  'Terraform plan': around(chosen, (s) => `      ~ password = "${s}" -> (known after apply)`),
  'Terraform change': around(chosen, (s) => `      ~ master_password = "altes-Wort1" -> "${s}"`),
  'diff of YAML': around(plain, (s) => `+  DB_PASSWORD: ${s}`),
  'kubectl describe': around(plain, (s) => `    Environment:\n      DB_PASSWORD:   ${s}\n      REPLICAS:      3`),
  'logfmt with escaped quotes': around(chosen, (s) => `msg="connect user=app password=\\"${s}\\" failed"`),
  'Python call': around(plain, (s) => `psycopg2.connect(host='db', user='app', password='${s}')`),
  'Clojure map': around(plain, (s) => `{:user "app", :password "${s}", :port 5432}`),
  'Erlang tuple': around(plain, (s) => `{mysql, [{user, "app"}, {password, "${s}"}]}`),
  'Scala map': around(plain, (s) => `Map(user -> app, password -> ${s}, port -> 5432)`),
  'Haskell record': around(plain, (s) => `ConnectInfo {connectUser = "app", connectPassword = "${s}"}`),
  'Lisp pair': around(plain, (s) => `((user . "app") (password . "${s}"))`),
  'JSON pairs': around(plain, (s) => `[["user","app"],["password","${s}"]]`),
  'HTML entities': around(plain, (s) => `{&quot;password&quot;:&quot;${s}&quot;}`),
  'encoded JSON': around(plain, (s) => `POST /login?body=%7B%22password%22%3A%22${s}%22%7D`),
  'typographic quotes': around(plain, (s) => `the password is “${s}” for now`),
  multipart: around(plain, (s) => `Content-Disposition: form-data; name="password"\r\n\r\n${s}\r\n--x`),
  CSV: around(plain, (s) => `user,password,role\napp,${s},admin`),
  'Dockerfile ENV': around(plain, (s) => `ENV DB_PASSWORD ${s}`),
  'Windows set': around(plain, (s) => `C:\\> setx DB_PASSWORD ${s}`),
  'PowerShell variable': around(plain, (s) => `$env:DB_PASSWORD = "${s}"`),
  'PowerShell secure string': around(chosen, (s) => `ConvertTo-SecureString "${s}" -AsPlainText -Force`),
  'C shell': around(plain, (s) => `setenv DB_PASSWORD ${s}`),
  'fish shell': around(plain, (s) => `set -gx API_TOKEN ${s}`),
  'supervisord environment': around(plain, (s) => `environment=HOST="db",DB_PASSWORD="${s}",PORT="1"`),
  'systemd environment': around(plain, (s) => `Environment="DB_PASSWORD=${s}" "PORT=1"`),
  'Java property flag': around(plain, (s) => `java -Djavax.net.ssl.keyStorePassword=${s} -jar app.jar`),
  'helm --set': around(plain, (s) => `helm upgrade db bitnami/postgresql --set auth.postgresPassword=${s},replicas=2`),
  'docker build argument': around(plain, (s) => `docker build --build-arg NPM_TOKEN=${s} .`),
  keytool: around(plain, (s) => `keytool -list -keystore a.jks -storepass ${s}`),
  'echo to a program': around(plain, (s) => `echo '${s}' | docker login -u app --password-stdin`),
  'sudo -S': around(plain, (s) => `echo "${s}" | sudo -S systemctl restart app`),
  mosquitto: around(plain, (s) => `mosquitto_sub -h mq -u app -P ${s} -t a`),
  mongodump: around(plain, (s) => `mongodump --host db -u admin -p ${s} --out /b`),
  'etcdctl --user': around(plain, (s) => `etcdctl --user root:${s} get a`),
  httpie: around(plain, (s) => `http -a app:${s} GET https://shop/api`),
  lftp: around(plain, (s) => `lftp -u app,${s} sftp.shop.example`),
  'mount option': around(plain, (s) => `mount -t cifs //nas/a /mnt -o username=app,password=${s},uid=0`),
  zip: around(plain, (s) => `zip -r -P ${s} backup.zip data`),
  'ngrok token': around(
    (n) => `2${word(26, n)}_${word(21, n)}`,
    (s) => `ngrok config add-authtoken ${s}`,
  ),
  'cloudflared token': around(
    (n) => base64(JSON.stringify({ a: hex(32, n), s: word(44, n) })),
    (s) => `cloudflared tunnel run --token ${s}`,
  ),
  'kubeadm certificate key': around(
    (n) => hex(64, n),
    (s) => `kubeadm join 10.0.0.1:6443 --control-plane --certificate-key ${s}`,
  ),
  'etcd encryption key': around(
    (n) => `${word(43, n)}=`,
    (s) => `- aescbc:\n    keys:\n    - name: key1\n      secret: ${s}`,
  ),
  'Redis ACL': around(plain, (s) => `ACL SETUSER app on >${s} ~* +@all`),
  'Redis HELLO': around(plain, (s) => `"HELLO" "3" "AUTH" "app" "${s}"`),
  'SQL Server login': around(chosen, (s) => `CREATE LOGIN app WITH PASSWORD = N'${s}', CHECK_POLICY = OFF`),
  'MySQL plug-in': around(chosen, (s) => `ALTER USER 'app'@'%' IDENTIFIED WITH caching_sha2_password BY '${s}'`),
  'foreign server options': around(
    chosen,
    (s) => `CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'app', password '${s}')`,
  ),
  'Redshift COPY': around(
    (n) => word(40, n),
    (s) => `CREDENTIALS 'aws_access_key_id=x;aws_secret_access_key=${s}'`,
  ),
  'ODBC with braces': around(chosen, (s) => `DRIVER={ODBC Driver 18};SERVER=db;UID=sa;PWD={${s}};Encrypt=yes`),
  'HAProxy statistics': around(plain, (s) => `    stats auth admin:${s}`),
  'HAProxy user': around(plain, (s) => `    user app insecure-password ${s}`),
  'IPsec PSK': around(chosen, (s) => `10.0.0.1 10.0.0.2 : PSK "${s}"`),
  wpa: around(chosen, (s) => `network={ ssid="shop" psk="${s}" }`),
  'Cisco password': around(
    (n) => upper(18, n),
    (s) => `username admin privilege 15 password 7 ${s}`,
  ),
  'SNMP community': around(plain, (s) => `snmp-server community ${s} RO`),
  'Ethereum key': around(
    (n) => hex(64, n),
    (s) => `deployer private key: 0x${s}`,
  ),
  mnemonic: around(
    (n) => ['legal winner thank year wave sausage', 'zebra quarter laugh tiny drastic olive'][n - 1] ?? '',
    (s) => `mnemonic: "${s} worth useful legal winner thank yellow"`,
  ),
  'session in a path': around(
    (n) => upper(32, n),
    (s) => `GET /cart;jsessionid=${s}?a=1 200`,
  ),
  'Express session': around(
    (n) => word(32, n),
    (s) => `cookie: connect.sid=s%3A${s}.x`,
  ),
  'wrapped base64 of a key': around(
    (n) => base64(`-----BEGIN RSA PRIVATE KEY-----\n${word(300, n)}`).slice(100, 150),
    (s) => {
      const n =
        s === ''
          ? 0
          : ([1, 2].find((one) => base64(`-----BEGIN RSA PRIVATE KEY-----\n${word(300, one)}`).includes(s)) ?? 0);
      return (base64(`-----BEGIN RSA PRIVATE KEY-----\n${word(300, n)}`).match(/.{1,76}/g) ?? []).join('\n');
    },
  ),
  'type between name and value': around(
    (n) => word(30, n),
    (s) => `let token: String = "${s}"`,
  ),
  'value of a secret type': around(chosen, (s) => `Settings(db_password=SecretStr('${s}'))`),
  'Haskell maybe': around(
    (n) => word(30, n),
    (s) => `token = Just "${s}"`,
  ),
  'MySQL SET PASSWORD': around(chosen, (s) => `SET PASSWORD FOR 'app'@'%' = '${s}'`),
  'LDAP bindpw': around(plain, (s) => `bindpw ${s}`),
  'SSSD authtok': around(plain, (s) => `ldap_default_authtok = ${s}`),
  'Lua long string': around(plain, (s) => `password = [[${s}]]`),
  'POP3 PASS': around(plain, (s) => `C: PASS ${s}`),
  'SMTP AUTH': around(
    (n) => base64(`\0app\0${plain(n)}`),
    (s) => `AUTH PLAIN ${s}`,
  ),
  'WiFi code': around(plain, (s) => `WIFI:S:shop;T:WPA;P:${s};;`),
  'snyk auth': around(uuid, (s) => `snyk auth ${s}`),
  'Octet of digits': around(
    (n) => digits(19, n),
    (s) => `PIN_CODE_SECRET=${s}`,
  ),
  'YAML value on the next line': around(plain, (s) => `password:\n  ${s}\nuser: cart`),
  'basic credentials without a digit': around(
    (n) => ['dTprdzgzTmZQcTAxeFo=', 'Y2FydDpLYXR6ZW5Ccg=='][n - 1] ?? '',
    (s) => `> Proxy-Authorization: Basic ${s}`,
  ),
  'wide colon': around(plain, (s) => `password：${s}`),
  'wide equals sign': around(plain, (s) => `api_key＝${s}`),
  'colours of a terminal': around(plain, (s) => `\u001b[32mpassword\u001b[0m=\u001b[1;33m${s}\u001b[0m`),
};
