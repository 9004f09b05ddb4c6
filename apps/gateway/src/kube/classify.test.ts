import { describe, expect, it } from 'vitest';
import { classify } from './classify.ts';

const ask = (line: string, headers: string[] = [], allowSecrets = false) => {
  const [method = '', target = ''] = line.split(/ (.*)/s);
  return classify({ method, target, rawHeaders: ['Host', 'x', ...headers], allowSecrets });
};

describe('a request that reads is allowed', () => {
  it.each([
    ['GET /api', 'discovery'],
    ['GET /apis', 'discovery'],
    ['GET /apis?timeout=32s', 'discovery'],
    ['GET /api/v1', 'discovery'],
    ['GET /apis/apps', 'discovery'],
    ['GET /apis/metrics.k8s.io/v1beta1', 'discovery'],
    ['GET /openapi/v2?timeout=32s', 'openapi'],
    ['GET /openapi/v3', 'openapi'],
    ['GET /openapi/v3/api/v1?hash=0A1B', 'openapi'],
    ['GET /openapi/v3/apis/apps/v1', 'openapi'],
    ['GET /version', 'version'],
    ['GET /api/v1/pods?limit=500', 'list'],
    ['GET /api/v1/namespaces', 'list'],
    ['GET /api/v1/namespaces/shop', 'get'],
    ['GET /api/v1/namespaces/status', 'get'],
    ['GET /api/v1/namespaces/shop/pods', 'list'],
    ['GET /api/v1/namespaces/shop/pods/cart-0', 'get'],
    ['GET /api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dcart-0&watch=true', 'watch'],
    ['GET /api/v1/namespaces/shop/pods?watch=1&allowWatchBookmarks=true&resourceVersion=7', 'watch'],
    ['GET /api/v1/namespaces/shop/pods?watch=false', 'list'],
    ['GET /api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3Dcart', 'list'],
    ['GET /api/v1/namespaces/shop/pods/cart-0/log?follow=true&tailLines=20&container=app', 'log'],
    ['GET /api/v1/namespaces/shop/pods/cart-0/log?previous=true&sinceSeconds=60&timestamps=true', 'log'],
    ['GET /api/v1/nodes/node-1', 'get'],
    ['GET /apis/apps/v1/namespaces/shop/deployments/cart', 'get'],
    ['GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node', 'get'],
    ['GET /apis/metrics.k8s.io/v1beta1/nodes', 'list'],
    ['GET /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods', 'list'],
    ['GET /apis/cert-manager.io/v1/certificates', 'list'],
    ['POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'review'],
    ['POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews', 'review'],
    ['POST /apis/authentication.k8s.io/v1/selfsubjectreviews', 'review'],
  ])('%s → %s', (line, kind) => {
    expect(ask(line)).toMatchObject({ allow: true, request: { kind } });
  });

  it('with what kubectl sends along', () => {
    const headers = [
      'User-Agent',
      'kubectl',
      'Accept',
      '*/*',
      'Kubectl-Command',
      'kubectl get',
      'Connection',
      'keep-alive',
    ];
    expect(ask('GET /api/v1/pods', headers)).toMatchObject({ allow: true });
  });

  it('with a query that is built anew, so that both servers read the same', () => {
    expect(ask('GET /api/v1/pods?labelSelector=app+in+%28a%2Cb%29&limit=1')).toMatchObject({
      request: { path: '/api/v1/pods', query: '?labelSelector=app+in+%28a%2Cb%29&limit=1' },
    });
  });

  it.each(['GET /api/v1/secrets', 'GET /api/v1/namespaces/shop/secrets/db', 'GET /api/v1/configmaps?watch=true'])(
    '%s, where the cluster has allow_secrets_access',
    (line) => {
      expect(ask(line, [], true)).toMatchObject({ allow: true });
      expect(ask(line)).toMatchObject({ allow: false, code: 'secrets' });
    },
  );
});

describe('a request that is not known to read is denied', () => {
  const POD = '/api/v1/namespaces/shop/pods/cart-0';
  it.each([
    // Methods.
    [`DELETE ${POD}`, 'method'],
    [`PUT ${POD}`, 'method'],
    [`PATCH ${POD}`, 'method'],
    ['POST /api/v1/namespaces/shop/pods', 'method'],
    ['POST /api/v1/namespaces/shop/pods?dryRun=All', 'method'],
    ['DELETE /api/v1/namespaces/shop/pods', 'method'],
    [`HEAD ${POD}`, 'method'],
    [`OPTIONS ${POD}`, 'method'],
    ['OPTIONS *', 'method'],
    ['CONNECT 10.0.0.1:443', 'method'],
    ['TRACE /api', 'method'],
    ['WATCH /api/v1/pods', 'method'],
    ['get /api/v1/pods', 'method'],
    // Other reviews, and requests that create tokens or certificates.
    ['POST /apis/authorization.k8s.io/v1/subjectaccessreviews', 'method'],
    ['POST /apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews', 'method'],
    ['POST /apis/authentication.k8s.io/v1/tokenreviews', 'method'],
    ['POST /api/v1/namespaces/shop/serviceaccounts/default/token', 'method'],
    ['POST /apis/certificates.k8s.io/v1/certificatesigningrequests', 'method'],
    ['POST /apis/authorization.k8s.io/v1//selfsubjectaccessreviews', 'path'],
    ['POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews?dryRun=All', 'query'],
    ['POST /__proto__', 'method'],
    ['POST /constructor', 'method'],
    // Subresources: a WebSocket begins as a GET.
    [`GET ${POD}/exec?command=sh&stdin=true`, 'subresource'],
    [`GET ${POD}/attach`, 'subresource'],
    [`GET ${POD}/portforward?ports=80`, 'subresource'],
    [`GET ${POD}/proxy`, 'subresource'],
    [`GET ${POD}/proxy/admin`, 'subresource'],
    [`GET ${POD}/eviction`, 'subresource'],
    [`GET ${POD}/binding`, 'subresource'],
    [`GET ${POD}/ephemeralcontainers`, 'subresource'],
    [`GET ${POD}/status`, 'subresource'],
    [`GET ${POD}/log/x`, 'subresource'],
    ['GET /api/v1/namespaces/shop/services/cart/proxy/x', 'subresource'],
    ['GET /api/v1/nodes/node-1/proxy/logs/', 'path'],
    ['GET /api/v1/nodes/node-1/proxy/run', 'subresource'],
    ['GET /api/v1/namespaces/shop/serviceaccounts/default/token', 'subresource'],
    ['GET /api/v1/namespaces/shop/finalize', 'subresource'],
    ['GET /api/v1/namespaces/shop/status', 'subresource'],
    ['GET /apis/apps/v1/namespaces/shop/deployments/cart/scale', 'subresource'],
    ['GET /apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval', 'subresource'],
    ['GET /apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/console', 'subresource'],
    ['GET /apis/example.com/v1/namespaces/shop/pods/x/log', 'subresource'],
    // Legacy paths, and what is not the API.
    ['GET /api/v1/watch/pods', 'endpoint'],
    ['GET /api/v1/watch/namespaces/shop/secrets', 'endpoint'],
    ['GET /apis/apps/v1/watch/deployments', 'endpoint'],
    ['GET /api/v1/proxy/namespaces/shop/pods/x', 'endpoint'],
    ['GET /api/v1/redirect/namespaces/shop/pods/x', 'endpoint'],
    ['GET /', 'path'],
    ['GET /logs', 'endpoint'],
    ['GET /logs/kube-apiserver.log', 'endpoint'],
    ['GET /debug/pprof/heap', 'endpoint'],
    ['GET /metrics', 'endpoint'],
    ['GET /healthz', 'endpoint'],
    ['GET /configz', 'endpoint'],
    ['GET /flagz', 'endpoint'],
    ['GET /.well-known/openid-configuration', 'endpoint'],
    ['GET /ui', 'endpoint'],
    ['GET /version/x', 'endpoint'],
    ['GET /openapi/v4', 'endpoint'],
    ['GET /openapi/v2/api', 'endpoint'],
    ['GET /openapi/v3/api/v1/secrets', 'endpoint'],
    ['GET /openapi/v3/apis/apps/v1/deployments', 'endpoint'],
    ['GET /openapi/v3/logs', 'endpoint'],
    ['GET /openapi/v3/version/x', 'endpoint'],
    ['GET /swagger.json', 'endpoint'],
    // Secrets, whatever the way.
    ['GET /api/v1/secrets', 'secrets'],
    ['GET /api/v1/namespaces/shop/secrets/db', 'secrets'],
    ['GET /api/v1/namespaces/shop/secrets?watch=true', 'secrets'],
    ['GET /api/v1/namespaces/shop/secrets/db/log', 'secrets'],
    ['GET /apis/example.com/v1/secrets', 'secrets'],
    ['GET /api/v1/namespaces/shop/configmaps/app', 'secrets'],
    ['GET /apis/oauth.openshift.io/v1/oauthaccesstokens', 'secrets'],
    ['GET /apis/management.cattle.io/v3/namespaces/c-1/clusterregistrationtokens', 'secrets'],
    // Other spellings of a path.
    ['GET /api/v1/namespaces/shop/%73ecrets', 'path'],
    ['GET /api/v1/namespaces/shop%2Fsecrets', 'path'],
    ['GET /api/v1/namespaces/shop/%2e%2e/secrets', 'path'],
    ['GET /api/v1//secrets', 'path'],
    ['GET //api/v1/pods', 'path'],
    ['GET /api/v1/pods/', 'path'],
    ['GET /api/v1/namespaces/../secrets', 'path'],
    ['GET /api/v1/./secrets', 'path'],
    ['GET /api/v1/namespaces/shop/pods/x/../../secrets', 'path'],
    ['GET /api/v1/.../pods', 'path'],
    ['GET /API/v1/pods', 'endpoint'],
    ['GET /api/V1/pods', 'path'],
    ['GET /api/v1/Secrets', 'path'],
    ['GET /api/v1/SECRETS', 'path'],
    ['GET /api/v1/pods;x=secrets', 'path'],
    ['GET /api/v1/secrets;/pods', 'path'],
    ['GET /api/v1/pods\u0000', 'path'],
    ['GET /api/v1/pods%00', 'path'],
    ['GET /api\\v1\\secrets', 'path'],
    ['GET /api/v1/pods\t', 'path'],
    ['GET /api/v1/pods secrets', 'path'],
    ['GET /api/v1/pods#/secrets', 'path'],
    ['GET /api/v1/péds', 'path'],
    ['GET http://elsewhere/api/v1/pods', 'path'],
    ['GET https://10.0.0.1/api/v1/secrets', 'path'],
    ['GET api/v1/pods', 'path'],
    ['GET *', 'path'],
    ['GET ', 'path'],
    ['GET /api/v1/namespaces/-/pods', 'path'],
    ['GET /api/latest/pods', 'path'],
    ['GET /apis/UPPER/v1/x', 'path'],
    [`GET /api/v1/pods/${'x'.repeat(3000)}`, 'path'],
    // Parameters.
    [`GET ${POD}?watch=true`, 'query'],
    [`GET ${POD}/log?watch=true`, 'query'],
    ['GET /api/v1/pods?watch=', 'query'],
    ['GET /api/v1/pods?watch=yes', 'query'],
    ['GET /api/v1/pods?watch=constructor', 'query'],
    ['GET /api/v1/pods?watch=false&watch=true', 'query'],
    ['GET /api/v1/pods?Watch=true', 'query'],
    ['GET /api/v1/pods?w%61tch=true', 'query'],
    ['GET /api/v1/pods?dryRun=All', 'query'],
    ['GET /api/v1/pods?fieldManager=x', 'query'],
    ['GET /api/v1/pods?limit=1;watch=true', 'query'],
    ['GET /api/v1/pods?limit=%zz', 'query'],
    ['GET /api/v1/pods?continue=a%00b', 'query'],
    ['GET /api/v1/pods?labelSelector=a%0d%0aImpersonate-User:%20admin', 'query'],
    [`GET ${POD}/log?insecureSkipTLSVerifyBackend=true`, 'query'],
    ['GET /api/v1/pods?as=admin', 'query'],
    ['GET /api/v1/pods?__proto__=1', 'query'],
    [`GET /api/v1/pods?continue=${'x'.repeat(5000)}`, 'query'],
  ])('%j is denied: %s', (line, code) => {
    expect(ask(line)).toMatchObject({ allow: false, code });
  });

  it.each([
    ['Impersonate-User', 'admin'],
    ['impersonate-group', 'system:masters'],
    ['Impersonate-Uid', '1'],
    ['Impersonate-Extra-scopes', 'x'],
    ['X-Remote-User', 'admin'],
    ['X-Remote-Group', 'system:masters'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'DELETE'],
    ['X-Original-URL', '/api/v1/secrets'],
    ['X-Rewrite-URL', '/api/v1/secrets'],
    ['Upgrade', 'websocket'],
    ['Upgrade', 'SPDY/3.1'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ['Sec-WebSocket-Key', 'x'],
    ['X-Stream-Protocol-Version', 'v4.channel.k8s.io'],
    ['Connection', 'Upgrade'],
    ['Connection', 'keep-alive, Authorization'],
    ['Transfer-Encoding', 'chunked'],
    ['TE', 'trailers'],
    ['Trailer', 'X-Method-Override'],
    ['Proxy-Authorization', 'Basic x'],
    ['Expect', '100-continue'],
    ['Content-Length', '12'],
    ['Host', 'elsewhere'],
    ['Content-Encoding', 'gzip'],
  ])('with the header %s: %s', (name, value) => {
    const decision = ask('GET /api/v1/pods', [name, value]);
    expect(decision).toMatchObject({ allow: false, code: name === 'Content-Length' ? 'body' : 'header' });
  });

  it('with a second Authorization', () => {
    const headers = ['Authorization', 'Bearer a', 'authorization', 'Bearer b'];
    expect(ask('GET /api/v1/pods', headers)).toMatchObject({ allow: false, code: 'header' });
  });

  it('also where secrets are allowed', () => {
    expect(ask('DELETE /api/v1/namespaces/shop/secrets/db', [], true)).toMatchObject({ allow: false, code: 'method' });
    expect(ask('GET /api/v1/namespaces/shop/pods/x/exec', [], true)).toMatchObject({
      allow: false,
      code: 'subresource',
    });
  });
});
