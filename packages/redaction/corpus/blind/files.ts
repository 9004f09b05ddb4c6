import type { NamedSecret } from '../named-secrets.ts';
import { base64 } from '../random-text.ts';
import { around, asHex, base64Text, base64url, chosen, hex, lower, upper, uuid, word } from './values.ts';

/** Secrets in the files of programs, as they were written before the rules were read. */
export const FILES: Record<string, (seed: number) => NamedSecret> = {
  'docker config auth': around(
    (n) => base64('user:' + chosen(n)),
    (s) => `{"auths":{"https://index.docker.io/v1/":{"auth":"${s}"}}}`,
  ),
  'docker config identitytoken': around(
    (n) => word(60, n),
    (s) => `{"auths":{"r.azurecr.io":{"identitytoken":"${s}"}}}`,
  ),
  'dockerconfigjson b64': around(
    (n) =>
      base64(JSON.stringify({ auths: { r: { username: 'a', password: chosen(n), auth: base64('a:' + chosen(n)) } } })),
    (s) => `data:\n  .dockerconfigjson: ${s}`,
  ),
  netrc: around(chosen, (s) => `machine api.x.io login bob password ${s}`),
  'netrc lines': around(chosen, (s) => `machine api.x.io\n  login bob\n  password ${s}`),
  npmrc: around(
    (n) => 'npm_' + word(36, n),
    (s) => `//registry.npmjs.org/:_authToken=${s}`,
  ),
  'npmrc uuid': around(uuid, (s) => `//npm.x.io/:_authToken=${s}`),
  'npmrc _auth': around(
    (n) => base64('a:' + chosen(n)),
    (s) => `_auth=${s}`,
  ),
  'npmrc _password': around(
    (n) => base64(chosen(n)),
    (s) => `//npm.x.io/:_password="${s}"`,
  ),
  yarnrc: around(
    (n) => word(40, n),
    (s) => `npmAuthToken: ${s}`,
  ),
  pypirc: around(chosen, (s) => `[pypi]\nusername = a\npassword = ${s}`),
  'pypi token': around(
    (n) => 'pypi-AgEIcHlwaS5vcmc' + base64url(120, n),
    (s) => `TWINE_PASSWORD ${s}`,
  ),
  'pip index': around(chosen, (s) => `pip install --index-url https://ci:${s}@pypi.x.io/simple a`),
  'gemfury bundle': around(chosen, (s) => `BUNDLE_GEMS__X__IO: "ci:${s}"`),
  'git-credentials': around(chosen, (s) => `https://bob:${s}@github.com`),
  'aws credentials': around(
    (n) => base64Text(40, n),
    (s, n) => `[default]\naws_access_key_id = AKIA${upper(16, n)}\naws_secret_access_key = ${s}`,
  ),
  'kubeconfig token': around(
    (n) => word(64, n),
    (s) => `users:\n- name: a\n  user:\n    token: ${s}`,
  ),
  'kubeconfig client-key-data': around(
    (n) => base64('-----BEGIN RSA PRIVATE KEY-----\n' + base64Text(300, n)),
    (s) => `    client-key-data: ${s}`,
  ),
  'bootstrap token': around(
    (n) => lower(6, n) + '.' + lower(16, n),
    (s, n) => `kubeadm join 10.0.0.1:6443 --token ${s} --discovery-token-ca-cert-hash sha256:${hex(64, n)}`,
  ),
  'kubeadm certificate key': around(
    (n) => hex(64, n),
    (s) => `kubeadm join x --control-plane --certificate-key ${s}`,
  ),
  'k3s node token': around(
    (n) => 'K10' + hex(64, n) + '::server:' + hex(32, n),
    (s) => `K3S_TOKEN=${s}`,
  ),
  'htpasswd bcrypt': around(
    (n) => '$2y$05$' + word(53, n),
    (s) => `admin:${s}`,
  ),
  shadow: around(
    (n) => '$6$' + word(8, n) + '$' + word(86, n),
    (s) => `root:${s}:19000:0:99999:7:::`,
  ),
  argon2: around(
    (n) => '$argon2id$v=19$m=65536,t=3,p=4$' + base64Text(22, n) + '$' + base64Text(43, n),
    (s) => `hash=${s}`,
  ),
  'ansible vault': around(
    (n) => asHex(word(60, n)),
    (s) => `$ANSIBLE_VAULT;1.1;AES256\n${s}`,
  ),
  'secret data yaml': around(
    (n) => base64(chosen(n) + chosen(n)),
    (s) => `apiVersion: v1\nkind: Secret\ndata:\n  conn: ${s}\nmetadata:\n  name: a`,
  ),
  'secret stringData odd key': around(chosen, (s) => `kind: Secret\nstringData:\n  value: ${s}`),
  'secret json list': around(
    (n) => base64(chosen(n) + chosen(n)),
    (s) => `{"apiVersion":"v1","data":{"x.conf":"${s}"},"kind":"Secret","metadata":{"name":"a"}}`,
  ),
  wireguard: around(
    (n) => base64Text(43, n) + '=',
    (s) => `[Interface]\nPrivateKey = ${s}\nAddress = 10.0.0.2/32`,
  ),
  'wireguard psk': around(
    (n) => base64Text(43, n) + '=',
    (s) => `PresharedKey = ${s}`,
  ),
  wpa: around(chosen, (s) => `psk="${s}"`),
  'snmp community': around(chosen, (s) => `snmp-server community ${s} RO`),
  'cisco secret': around(chosen, (s) => `enable secret 5 ${s}`),
  'grafana ini': around(chosen, (s) => `[security]\nadmin_password = ${s}`),
  'rails secret_key_base': around(
    (n) => hex(128, n),
    (s) => `production:\n  secret_key_base: ${s}`,
  ),
  laravel: around(
    (n) => 'base64:' + base64Text(43, n) + '=',
    (s) => `APP_KEY=${s}`,
  ),
  'wordpress salt': around(
    (n) => word(30, n) + '#^|' + word(28, n),
    (s) => `define('AUTH_KEY', '${s}');`,
  ),
  'encryption key': around(
    (n) => hex(64, n),
    (s) => `ENCRYPTION_KEY=${s}`,
  ),
  hmac: around(
    (n) => base64Text(43, n) + '=',
    (s) => `hmac_key: ${s}`,
  ),
  'etcd encryption config': around(
    (n) => base64Text(43, n) + '=',
    (s) => `- aescbc:\n    keys:\n    - name: key1\n      secret: ${s}`,
  ),
  'unicode key case': around(chosen, (s) => `"PassWord" : "${s}"`),
  kebab: around(chosen, (s) => `admin-password: ${s}`),
  dotted: around(chosen, (s) => `keycloak.credentials.secret=${s}`),
  'pwd short': around(chosen, (s) => `db_pwd=${s}`),
  passwd: around(chosen, (s) => `rootpasswd: ${s}`),
  spanish: around(chosen, (s) => `contraseña: ${s}`),
  german: around(chosen, (s) => `Passwort: ${s}`),
  'ansi coloured': around(chosen, (s) => `\u001b[36mpassword\u001b[0m=${s}`),
  'ansi coloured value': around(chosen, (s) => `\u001b[36mpassword=\u001b[0m${s}`),
  crlf: around(chosen, (s) => `user=a\r\npassword=${s}\r\nhost=b\r\n`),
  'html escaped': around(chosen, (s) => `&quot;password&quot;:&quot;${s}&quot;`),
  'unicode escaped': around(chosen, (s) => `\\u0022password\\u0022:\\u0022${s}\\u0022`),
  'url encoded json': around(chosen, (s) => `%7B%22password%22%3A%22${s}%22%7D`),
  'url encoded form': around(chosen, (s) => `user%3Da%26password%3D${s}`),
};
