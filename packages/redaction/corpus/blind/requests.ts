import type { NamedSecret } from '../named-secrets.ts';
import { base64, randomText as random } from '../random-text.ts';
import { around, base64Text, base64url, chosen, digits, hex, lower, upper, uuid, word } from './values.ts';

/** Secrets in headers, cookies, URLs and forms, as they were written before the rules were read. */
export const REQUESTS: Record<string, (seed: number) => NamedSecret> = {
  'authorization basic': around(
    (n) => base64('admin:' + chosen(n)),
    (s) => `Authorization: Basic ${s}`,
  ),
  'authorization in json': around(
    (n) => word(36, n),
    (s) => `{"headers":{"authorization":"Bearer ${s}"}}`,
  ),
  'authorization go header map': around(
    (n) => word(36, n),
    (s) => `map[Accept:[*/*] Authorization:[Bearer ${s}]]`,
  ),
  'authorization token': around(
    (n) => hex(40, n),
    (s) => `authorization: token ${s}`,
  ),
  'authorization digest': around(
    (n) => hex(32, n),
    (s) => `Authorization: Digest username="a", realm="r", nonce="x", response="${s}"`,
  ),
  'authorization apikey': around(
    (n) => base64Text(58, n) + '==',
    (s) => `Authorization: ApiKey ${s}`,
  ),
  'aws sigv4': around(
    (n) => hex(64, n),
    (s) =>
      `Authorization: AWS4-HMAC-SHA256 Credential=X/20240101/eu/s3/aws4_request, SignedHeaders=host, Signature=${s}`,
  ),
  cookie: around(
    (n) => word(32, n),
    (s) => `Cookie: theme=dark; sessionid=${s}; lang=en`,
  ),
  'cookie jsessionid': around(
    (n) => hex(32, n).toUpperCase(),
    (s) => `Cookie: JSESSIONID=${s}`,
  ),
  'cookie connect.sid': around(
    (n) => 's%3A' + word(32, n) + '.' + word(43, n),
    (s) => `cookie: connect.sid=${s}`,
  ),
  'set-cookie': around(
    (n) => base64url(60, n),
    (s) => `Set-Cookie: __Host-session=${s}; Path=/; HttpOnly`,
  ),
  phpsessid: around(
    (n) => lower(26, n),
    (s) => `Set-Cookie: PHPSESSID=${s}; path=/`,
  ),
  'csrf header': around(
    (n) => base64url(43, n),
    (s) => `X-CSRF-Token: ${s}`,
  ),
  'x-auth-token': around(
    (n) => word(32, n),
    (s) => `> X-Auth-Token: ${s}`,
  ),
  'x-vault-token': around(
    (n) => word(24, n),
    (s) => `X-Vault-Token: ${s}`,
  ),
  'ocp apim': around(
    (n) => hex(32, n),
    (s) => `Ocp-Apim-Subscription-Key: ${s}`,
  ),
  'private-token': around(
    (n) => base64url(20, n),
    (s) => `PRIVATE-TOKEN: ${s}`,
  ),
  'proxy-authorization': around(
    (n) => base64('joe:' + chosen(n)),
    (s) => `Proxy-Authorization: Basic ${s}`,
  ),
  'x-amz-security-token': around(
    (n) => base64Text(120, n),
    (s) => `x-amz-security-token: ${s}`,
  ),
  'bearer in sentence': around(
    (n) => word(40, n),
    (s) => `request rejected: bearer ${s} is expired`,
  ),
  'http2 header': around(
    (n) => word(40, n),
    (s) => `h2 header: [authorization: Bearer ${s}]`,
  ),
  'python headers': around(
    (n) => word(40, n),
    (s) => `headers={'Authorization': 'Bearer ${s}'}`,
  ),
  'access log query': around(
    (n) => hex(32, n),
    (s) => `10.0.0.1 - - [01/Jan/2024] "GET /api?api_key=${s}&x=1 HTTP/1.1" 200 12`,
  ),
  'url access_token': around(
    (n) => word(40, n),
    (s) => `https://x/cb?state=1&access_token=${s}`,
  ),
  'url fragment': around(
    (n) => word(40, n),
    (s) => `https://x/cb#access_token=${s}&token_type=bearer`,
  ),
  'url code': around(
    (n) => base64url(40, n),
    (s) => `GET /oauth/callback?code=${s}&state=abc`,
  ),
  'url sig': around(
    (n) => base64Text(43, n).replace(/[+/]/g, 'a') + '%3D',
    (s) => `https://x.blob.core.windows.net/c/b?sv=2022-11-02&se=2024-01-01&sr=b&sp=r&sig=${s}`,
  ),
  's3 presigned v4': around(
    (n) => hex(64, n),
    (s) =>
      `https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240101T000000Z&X-Amz-Signature=${s}`,
  ),
  's3 presigned v2': around(
    (n) => word(26, n) + '%3D',
    (s) => `https://b.s3.amazonaws.com/k?AWSAccessKeyId=X&Expires=1&Signature=${s}`,
  ),
  'gcs presigned': around(
    (n) => hex(256, n),
    (s) => `https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=${s}`,
  ),
  cloudfront: around(
    (n) => base64url(120, n),
    (s) => `https://d.cloudfront.net/x?Expires=1&Signature=${s}&Key-Pair-Id=K1`,
  ),
  'slack webhook': around(
    (n) => word(24, n),
    (s, n) => `https://hooks.slack.com/services/T0${upper(8, n)}/B0${upper(8, n)}/${s}`,
  ),
  'discord webhook': around(
    (n) => base64url(68, n),
    (s, n) => `https://discord.com/api/webhooks/${digits(18, n)}/${s}`,
  ),
  'teams webhook': around(
    (n) => hex(32, n),
    (s, n) =>
      `https://x.webhook.office.com/webhookb2/${hex(8, n)}-1111-4111-a111-${hex(12, n)}@${hex(8, n)}-1111-4111-a111-${hex(12, n)}/IncomingWebhook/${s}/${hex(8, n)}-1111-4111-a111-${hex(12, n)}`,
  ),
  'telegram bot url': around(
    (n) => digits(10, n) + ':AA' + base64url(33, n),
    (s) => `POST https://api.telegram.org/bot${s}/sendMessage failed`,
  ),
  'pagerduty routing key': around(
    (n) => hex(32, n),
    (s) => `{"routing_key":"${s}","event_action":"trigger"}`,
  ),
  opsgenie: around(uuid, (s) => `Authorization: GenieKey ${s}`),
  'form body': around(chosen, (s) => `grant_type=password&username=a&password=${s}&client_id=x`),
  'client_secret body': around(
    (n) => word(40, n),
    (s) => `grant_type=client_credentials&client_secret=${s}`,
  ),
  'refresh token json': around(
    (n) => word(60, n),
    (s) => `{"refresh_token":"${s}","expires_in":3600}`,
  ),
  'saml response': around(
    (n) => base64('<samlp:Response>' + word(200, n)),
    (s) => `SAMLResponse=${s}`,
  ),
  'otp seed': around(
    (n) => random(32, 'base32upper', n),
    (s) => `otpauth://totp/X:a@b.c?secret=${s}&issuer=X`,
  ),
};
