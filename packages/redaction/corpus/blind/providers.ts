import type { NamedSecret } from '../named-secrets.ts';
import { base64, randomText as random } from '../random-text.ts';
import { around, asBase64url, base64Text, base64url, digits, hex, upper, uuid, webToken, word } from './values.ts';

/** Secrets that are tokens of providers, as they were written before the rules were read. */
export const PROVIDERS: Record<string, (seed: number) => NamedSecret> = {
  'github pat': around(
    (n) => 'ghp_' + word(36, n),
    (s) => `remote: token ${s} invalid`,
  ),
  'github fine': around(
    (n) => 'github_pat_' + word(22, n) + '_' + word(59, n),
    (s) => `x ${s} y`,
  ),
  'github oauth': around(
    (n) => 'gho_' + word(36, n),
    (s) => `got ${s} here`,
  ),
  'gitlab pat': around(
    (n) => 'glpat-' + base64url(20, n),
    (s) => `got ${s}.`,
  ),
  'gitlab runner': around(
    (n) => 'glrt-' + base64url(20, n),
    (s) => `register ${s}`,
  ),
  'gitlab ci job': around(
    (n) => 'glcbt-64_' + base64url(20, n),
    (s) => `CI ${s}`,
  ),
  'gitlab deploy': around(
    (n) => 'gldt-' + base64url(20, n),
    (s) => `use ${s}`,
  ),
  'slack bot': around(
    (n) => 'xoxb-' + digits(12, n) + '-' + digits(13, n) + '-' + word(24, n),
    (s) => `err ${s}`,
  ),
  'slack app': around(
    (n) => 'xapp-1-A' + upper(10, n) + '-' + digits(13, n) + '-' + hex(64, n),
    (s) => `err ${s}`,
  ),
  'stripe live': around(
    (n) => 'sk_live_' + word(24, n),
    (s) => `err ${s}`,
  ),
  'stripe restricted': around(
    (n) => 'rk_live_' + word(24, n),
    (s) => `err ${s}`,
  ),
  'stripe webhook': around(
    (n) => 'whsec_' + word(32, n),
    (s) => `err ${s}`,
  ),
  'google api': around(
    (n) => 'AIza' + base64url(35, n),
    (s) => `key ${s} x`,
  ),
  'google oauth secret': around(
    (n) => 'GOCSPX-' + base64url(28, n),
    (s) => `err ${s}`,
  ),
  'google access': around(
    (n) => 'ya29.' + base64url(120, n),
    (s) => `err ${s}`,
  ),
  'google refresh': around(
    (n) => '1//0' + base64url(60, n),
    (s) => `refresh ${s}`,
  ),
  'azure ad secret': around(
    (n) => word(3, n) + '8Q~' + word(34, n),
    (s) => `secret ${s} x`,
  ),
  'aws key id': around(
    (n) => 'AKIA' + upper(16, n).replace(/[0189]/g, 'Z'),
    (s) => `id ${s}`,
  ),
  'aws session key id': around(
    (n) => 'ASIA' + upper(16, n).replace(/[0189]/g, 'Z'),
    (s) => `id ${s}`,
  ),
  digitalocean: around(
    (n) => 'dop_v1_' + hex(64, n),
    (s) => `x ${s}`,
  ),
  'datadog env': around(
    (n) => hex(32, n),
    (s) => `DD_API_KEY=${s}`,
  ),
  'datadog yaml': around(
    (n) => hex(40, n),
    (s) => `app_key: ${s}`,
  ),
  npm: around(
    (n) => 'npm_' + word(36, n),
    (s) => `x ${s}`,
  ),
  twilio: around(
    (n) => 'SK' + hex(32, n),
    (s) => `x ${s}`,
  ),
  'twilio auth': around(
    (n) => hex(32, n),
    (s) => `TWILIO_AUTH_TOKEN=${s}`,
  ),
  sendgrid: around(
    (n) => 'SG.' + base64url(22, n) + '.' + base64url(43, n),
    (s) => `x ${s}`,
  ),
  mailgun: around(
    (n) => 'key-' + hex(32, n),
    (s) => `x ${s}`,
  ),
  mailchimp: around(
    (n) => hex(32, n) + '-us12',
    (s) => `x ${s}`,
  ),
  openai: around(
    (n) => 'sk-' + word(20, n) + 'T3BlbkFJ' + word(20, n),
    (s) => `Incorrect API key provided: ${s}`,
  ),
  'openai project': around(
    (n) => 'sk-proj-' + base64url(74, n) + 'T3BlbkFJ' + base64url(74, n),
    (s) => `x ${s}`,
  ),
  anthropic: around(
    (n) => 'sk-ant-api03-' + base64url(93, n) + 'AA',
    (s) => `x ${s}`,
  ),
  huggingface: around(
    (n) => 'hf_' + random(34, 'letter', n),
    (s) => `x ${s}`,
  ),
  replicate: around(
    (n) => 'r8_' + word(37, n),
    (s) => `x ${s}`,
  ),
  groq: around(
    (n) => 'gsk_' + word(52, n),
    (s) => `x ${s}`,
  ),
  'vault hvs': around(
    (n) => 'hvs.' + base64url(95, n),
    (s) => `x ${s}`,
  ),
  'vault batch': around(
    (n) => 'hvb.' + base64url(140, n),
    (s) => `x ${s}`,
  ),
  'vault old': around(
    (n) => 's.' + word(24, n),
    (s) => `VAULT_TOKEN=${s}`,
  ),
  'vault unseal': around(
    (n) => base64Text(43, n) + '=',
    (s) => `Unseal Key 1: ${s}`,
  ),
  'vault root': around(
    (n) => 'hvs.' + word(24, n),
    (s) => `Initial Root Token: ${s}`,
  ),
  terraform: around(
    (n) => word(14, n) + '.atlasv1.' + base64url(67, n),
    (s) => `x ${s}`,
  ),
  shopify: around(
    (n) => 'shpat_' + hex(32, n),
    (s) => `x ${s}`,
  ),
  square: around(
    (n) => 'EAAA' + base64url(60, n),
    (s) => `square token: ${s}`,
  ),
  linear: around(
    (n) => 'lin_api_' + word(40, n),
    (s) => `x ${s}`,
  ),
  notion: around(
    (n) => 'ntn_' + word(46, n),
    (s) => `x ${s}`,
  ),
  postman: around(
    (n) => 'PMAK-' + hex(24, n) + '-' + hex(34, n),
    (s) => `x ${s}`,
  ),
  newrelic: around(
    (n) => 'NRAK-' + upper(27, n),
    (s) => `x ${s}`,
  ),
  'newrelic license': around(
    (n) => hex(36, n) + 'NRAL',
    (s) => `license ${s}`,
  ),
  'grafana sa': around(
    (n) => 'glsa_' + word(32, n) + '_' + hex(8, n),
    (s) => `x ${s}`,
  ),
  'grafana cloud': around(
    (n) => 'glc_' + base64(JSON.stringify({ o: '1', n: 'x', k: word(24, n) })),
    (s) => `x ${s}`,
  ),
  doppler: around(
    (n) => 'dp.st.prd.' + word(43, n),
    (s) => `x ${s}`,
  ),
  dynatrace: around(
    (n) => 'dt0c01.' + upper(24, n) + '.' + upper(64, n),
    (s) => `x ${s}`,
  ),
  'sentry token': around(
    (n) => 'sntrys_' + base64Text(80, n),
    (s) => `x ${s}`,
  ),
  sonar: around(
    (n) => 'sqp_' + hex(40, n),
    (s) => `x ${s}`,
  ),
  atlassian: around(
    (n) => 'ATATT3' + base64url(180, n) + '=' + hex(8, n).toUpperCase(),
    (s) => `x ${s}`,
  ),
  'bitbucket app': around(
    (n) => 'ATBB' + word(32, n),
    (s) => `x ${s}`,
  ),
  dockerhub: around(
    (n) => 'dckr_pat_' + base64url(27, n),
    (s) => `x ${s}`,
  ),
  databricks: around(
    (n) => 'dapi' + hex(32, n),
    (s) => `x ${s}`,
  ),
  pulumi: around(
    (n) => 'pul-' + hex(40, n),
    (s) => `x ${s}`,
  ),
  planetscale: around(
    (n) => 'pscale_pw_' + base64url(43, n),
    (s) => `x ${s}`,
  ),
  supabase: around(
    (n) => 'sbp_' + hex(40, n),
    (s) => `x ${s}`,
  ),
  rubygems: around(
    (n) => 'rubygems_' + hex(48, n),
    (s) => `x ${s}`,
  ),
  crates: around(
    (n) => 'cio' + word(32, n),
    (s) => `CARGO_REGISTRY_TOKEN=${s}`,
  ),
  fly: around(
    (n) => 'fo1_' + base64url(43, n),
    (s) => `FLY_API_TOKEN=${s}`,
  ),
  heroku: around(
    (n) => 'HRKU-AA' + base64url(58, n),
    (s) => `x ${s}`,
  ),
  artifactory: around(
    (n) => 'AKCp' + word(69, n),
    (s) => `x ${s}`,
  ),
  telegram: around(
    (n) => digits(10, n) + ':AA' + base64url(33, n),
    (s) => `bot token ${s}`,
  ),
  'discord bot': around(
    (n) => 'M' + word(25, n) + '.' + word(6, n) + '.' + base64url(38, n),
    (s) => `discord login ${s}`,
  ),
  facebook: around(
    (n) => 'EAACEdEose0cBA' + word(100, n),
    (s) => `x ${s}`,
  ),
  tailscale: around(
    (n) => 'tskey-auth-' + word(17, n) + '-' + word(32, n),
    (s) => `tailscale up --authkey ${s}`,
  ),
  ngrok: around(
    (n) => word(27, n) + '_' + word(21, n),
    (s) => `ngrok authtoken ${s}`,
  ),
  'cloudflare origin': around(
    (n) => 'v1.0-' + hex(24, n) + '-' + hex(146, n),
    (s) => `x ${s}`,
  ),
  'cloudflare env': around(
    (n) => base64url(40, n),
    (s) => `CLOUDFLARE_API_TOKEN=${s}`,
  ),
  'okta ssws': around(
    (n) => '00' + base64url(40, n),
    (s) => `Authorization: SSWS ${s}`,
  ),
  circleci: around(
    (n) => 'CCIPAT_' + word(22, n) + '_' + hex(40, n),
    (s) => `x ${s}`,
  ),
  buildkite: around(
    (n) => 'bkua_' + hex(40, n),
    (s) => `x ${s}`,
  ),
  snyk: around(uuid, (s) => `SNYK_TOKEN=${s}`),
  confluent: around(
    (n) => base64Text(64, n),
    (s) => `confluent api secret: ${s}`,
  ),
  airtable: around(
    (n) => 'pat' + word(14, n) + '.' + hex(64, n),
    (s) => `x ${s}`,
  ),
  hubspot: around(
    (n) => 'pat-na1-' + uuid(n),
    (s) => `x ${s}`,
  ),
  figma: around(
    (n) => 'figd_' + base64url(40, n),
    (s) => `x ${s}`,
  ),
  algolia: around(
    (n) => hex(32, n),
    (s) => `ALGOLIA_ADMIN_KEY=${s}`,
  ),
  'age key': around(
    (n) => 'AGE-SECRET-KEY-1' + random(58, 'base32', n).toUpperCase(),
    (s) => `# public key: age1x\n${s}`,
  ),
  jwt: around(
    (n) => webToken(n),
    (s) => `token expired: ${s}`,
  ),
  jwe: around(
    (n) =>
      asBase64url('{"alg":"dir","enc":"A256GCM"}') +
      '..' +
      base64url(16, n) +
      '.' +
      base64url(60, n) +
      '.' +
      base64url(22, n),
    (s) => `x ${s}`,
  ),
};
