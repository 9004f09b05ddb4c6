import type { Keyword } from './keyword-scan.ts';

/** What follows the prefix of a token; sticky. */
export type TokenRule = RegExp;

/** Behind `eyJ`. Encrypted ones have five parts; the end can be cut off. */
export const JSON_WEB_TOKEN: TokenRule =
  /[\w-]{8,6000}\.(?:eyJ[\w-]{8,60000}(?:\.[\w-]{0,2000})?|[\w-]{40,60000}\.[\w-]{20,2000})|[\w-]{8,6000}\.[\w-]{0,2000}\.[\w-]{8,40}\.[\w-]{8,60000}\.[\w-]{16,40}/y;

/** Tokens that begin with a prefix of their own, beside those that secretlint knows: prefixes, and what follows. */
const TOKENS: readonly (readonly [prefixes: string, rest: RegExp])[] = [
  ['AKIA ASIA ABIA ACCA', /[A-Z2-7\d]{16}(?![A-Za-z\d])/y],
  ['ghp_ gho_ ghu_ ghs_ ghr_', /\w{36,255}/y],
  ['glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- GR1348941', /[\w.-]{20,300}/y],
  ['xoxb- xoxp- xoxa- xoxo- xoxr- xoxs- xoxe- xoxe. xapp-', /[\w.-]{20,300}/y],
  ['hooks.slack.com/', /(?:services|workflows|triggers)\/[\w/-]{20,200}/y],
  ['discord.com/api/ discordapp.com/api/', /webhooks\/\d{15,20}\/[\w-]{60,100}/y],
  ['webhook.office.com/', /webhookb2\/[\w@/-]{60,400}/y],
  ['sk_live_ sk_test_ rk_live_ rk_test_ shippo_live_ shippo_test_', /\w{16,250}/y],
  ['whsec_', /[\w+/=-]{24,120}/y],
  ['SG.', /[\w-]{16,32}\.[\w-]{16,64}/y],
  ['sq0atp- sq0csp- sq0idp-', /[\w-]{22,60}/y],
  ['access_token$', /(?:production|sandbox)\$[a-z\d]{16}\$[a-f\d]{32}/y],
  ['key-', /[a-f\d]{32}(?![a-f\d])/y],
  ['xkeysib- xsmtpsib-', /[a-f\d]{64}-\w{16}/y],
  ['shpat_ shpca_ shppa_ shpss_', /[a-fA-F\d]{32}/y],
  ['pypi-', /AgE[\w-]{50,1000}/y],
  ['rubygems_', /[a-f\d]{48}/y],
  ['oy2', /[a-z\d]{43}(?![a-z\d])/y],
  ['cio', /[A-Za-z\d]{32}(?![A-Za-z\d])/y],
  ['dckr_pat_ dckr_oat_', /[\w-]{20,80}/y],
  ['sk-ant- sk-or- sk-proj- sk-svcacct- sk-admin-', /[\w-]{20,300}/y],
  ['sk-', /[A-Za-z\d]{20,}T3BlbkFJ[A-Za-z\d]{20}|[A-Za-z\d]{32,64}(?![A-Za-z\d])/y],
  ['r8_ hf_ gsk_ xai- pplx- rnd_ fw_', /(?=[\w-]{0,60}[A-Z])[A-Za-z\d]{24,120}/y],
  ['lsv2_pt_ lsv2_sk_', /[a-f\d]{32}_[a-f\d]{10}/y],
  ['AIza', /[\w-]{35}/y],
  ['GOCSPX-', /[\w-]{28}/y],
  ['ya29.', /[\w-]{20,2000}/y],
  ['1//0', /[\w-]{40,200}/y],
  ['dop_v1_ doo_v1_ dor_v1_', /[a-f\d]{64}/y],
  ['HRKU-', /[\w-]{36,70}/y],
  ['nfp_ nfc_ nfo_ nfu_ pnu_ pnb_', /[A-Za-z\d]{36,60}/y],
  ['vcp_ vci_ vca_ vcr_ vck_', /[A-Za-z\d]{20,60}/y],
  ['fm1_ fm2_ fo1_', /[\w+/=-]{40,2000}/y],
  ['sbp_ sb_secret_', /\w{20,60}/y],
  ['pscale_tkn_ pscale_pw_ pscale_oauth_', /[\w.=-]{32,64}/y],
  ['pul-', /[a-f\d]{40}/y],
  ['hvs. hvb. hvr.', /[\w-]{24,300}/y],
  ['dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.', /[\w.]{40,80}/y],
  ['ops_ey', /[\w+/=-]{40,2000}/y],
  ['AGE-SECRET-KEY-', /[A-Z\d-]{20,4000}/y],
  ['tskey-', /[a-z]{2,20}-[\w-]{16,100}/y],
  ['cfut_ cfat_ cfk_', /\w{40,60}/y],
  ['v1.0-', /[a-f\d]{24}-[a-f\d]{146}/y],
  ['lin_api_ lin_oauth_', /\w{32,128}/y],
  ['figd_ figo_ figor_', /[\w-]{40,200}/y],
  ['ATATT3 ATCTT3', /[\w=-]{60,400}/y],
  ['ATBB', /[A-Za-z\d]{24,60}/y],
  ['NRAK- NRJS- NRAL- NRII-', /[\w-]{19,42}/y],
  ['sntryu_ sntrya_ sntrys_', /[\w+/=-]{40,400}/y],
  ['glsa_ glc_', /[\w+/=]{32,400}/y],
  ['dt0c01. dt0s01.', /[A-Z\d]{24}\.[A-Z\d]{64}/y],
  ['hcaik_ hcaic_ hcxik_', /[a-z\d]{26,64}/y],
  ['squ_ sqp_ sqa_', /[a-f\d]{40}/y],
  ['AKCp cmVmdGtu', /[A-Za-z\d]{50,80}/y],
  ['PMAK-', /[a-f\d]{24}-[a-f\d]{34}/y],
  ['CFPAT-', /[\w-]{43}/y],
  ['sl. sl.u.', /(?=[\w-]{0,80}[A-Z])[\w-]{100,1500}/y],
  ['EAAC EAAA EAAB EAAG', /[\w-]{56,400}/y],
  // Seeds of NATS keys; the third character is part of the checksum.
  ['SUA SAA SOA SNA SCA SXA', /[A-Z2-7]{55}(?![A-Z\d])/y],
  ['A3-', /[A-Z\d]{6}-(?:[A-Z\d]{11}|[A-Z\d]{5,6}-[A-Z\d]{5})(?:-[A-Z\d]{5}){3}/y],
  ['GOOG1E', /[A-Z\d]{18,55}(?![A-Za-z\d])/y],
  ['ABSKQmVk', /[\w+/]{60,300}={0,2}/y],
  ['CLOJARS_', /[a-f\d]{60}/y],
  ['API-', /(?=[A-Z]{0,25}\d)[A-Z\d]{25,27}(?![A-Za-z\d-])/y],
  ['sha256~', /[\w-]{40,60}/y],
  ['sdk- mob-', /[a-f\d]{8}-[a-f\d]{4}-[a-f\d]{4}-[a-f\d]{4}-[a-f\d]{12}(?![\w-])/y],
  ['sk-lf- pk-lf-', /[a-f\d]{8}-[a-f\d-]{27}/y],
  ['base64url.bearer.authorization.k8s.io.', /[\w-]{20,6000}/y],
  ['loggly.com/inputs/', /[a-f\d]{8}-[a-f\d-]{27}/y],
  ['pat-na1- pat-eu1-', /[a-f\d]{8}-[a-f\d-]{27}/y],
  ['$ANSIBLE_VAULT;', /[\d.]{3,5};AES256(?:;[\w.-]{1,60})?(?:\s{1,40}[a-f\d]{20,90}){1,400}/y],
  ['md-', /(?=[\w-]{0,21}\d)(?=[\w-]{0,21}[A-Z])[\w-]{22}(?![\w-])/y],
  ['K10', /[a-f\d]{64}::[\w.-]{1,40}:[\w.-]{16,200}/y],
  ['token-', /[a-z\d]{5}:[a-z\d]{54}/y],
  ['AQVN', /[\w-]{35,38}(?![\w-])/y],
  ['hooks.zapier.com/hooks/catch/', /\d{4,12}\/[\w/-]{5,60}/y],
  ['hooks.airtable.com/ maker.ifttt.com/ hook.us1.make.com/ hook.eu1.make.com/', /[\w./-]{16,200}/y],
  ['events.pagerduty.com/integration/', /[a-f\d]{32}/y],
  ['AVNS_', /[\w-]{16,40}/y],
  ['essu_', /[\w+/=-]{24,200}/y],
  ['ico-', /[A-Za-z\d]{32}(?![A-Za-z\d])/y],
  ['pat.', /[\w-]{22}\.[a-f\d]{24}\.[A-Za-z\d]{20}/y],
  ['1/1 1/2 1/3 1/4 1/5 1/6 1/7 1/8 1/9', /\d{11,19}:[a-f\d]{32}/y],
  ['sec-c-', /[\w+/=-]{36,60}/y],
  ['cflt', /(?=[\w+/]{0,60}\d)[\w+/]{56,64}={0,2}/y],
  ['gAAAAA', /(?=[\w-]{0,60}\d)[\w-]{60,4000}={0,2}/y],
  ['LTAI', /[A-Za-z\d]{12,24}(?![A-Za-z\d])/y],
  ['sk.ey', /[\w-]{20,400}\.[\w-]{16,80}/y],
  ['sgp_', /(?:[a-f\d]{16}_|local_)?[a-f\d]{40}/y],
  ['bkua_ bkpat_', /[a-f\d]{40}/y],
  ['CCIPAT_', /\w{40,80}/y],
  ['tfp_', /[\w.-]{40,80}/y],
  ['access-production- access-sandbox- access-development-', /[a-f\d]{8}-[a-f\d-]{27}/y],
  ['EZAK EZTK', /[A-Za-z\d]{54}/y],
  ['FLWSECK- FLWSECK_TEST-', /[a-f\d]{12,40}(?:-X)?/y],
  ['aio_', /[A-Za-z\d]{28}/y],
  ['secret_ ntn_', /[A-Za-z\d]{43,46}(?![A-Za-z\d])/y],
  ['rdme_', /[a-z\d]{70}/y],
  ['pat', /[A-Za-z\d]{14}\.[a-f\d]{64}/y],
  ['rpa_', /[A-Z\d]{20,60}/y],
  ['eyJ', JSON_WEB_TOKEN],
  ['$2a$ $2b$ $2y$', /\d\d\$[./A-Za-z\d]{53}/y],
  ['$apr1$', /[./A-Za-z\d]{1,16}\$[./A-Za-z\d]{22}/y],
  ['$5$', /(?:rounds=\d{1,9}\$)?[./A-Za-z\d]{1,16}\$[./A-Za-z\d]{43}/y],
  ['$6$', /(?:rounds=\d{1,9}\$)?[./A-Za-z\d]{1,16}\$[./A-Za-z\d]{86}/y],
  ['$1$', /[./A-Za-z\d]{1,8}\$[./A-Za-z\d]{22}/y],
  ['$y$ $gy$ $7$', /[./A-Za-z\d]{1,20}\$[./A-Za-z\d]{1,86}\$[./A-Za-z\d]{43}/y],
  ['SCRAM-SHA-1$ SCRAM-SHA-256$ SCRAM-SHA-512$', /\d{1,9}:[\w+/=]{8,88}\$[\w+/=]{20,90}:[\w+/=]{20,90}/y],
  ['pbkdf2_sha', /\d{1,3}\$\d{1,9}\$[\w./+=]{1,100}\$[\w./+=]{20,200}/y],
  ['{SSHA {SHA} {SHA2 {SHA5 {CRYPT}', /[\d}]{0,4}[\w+/=$.]{20,200}/y],
  // A password of PostgreSQL.
  ['md5', /[a-f\d]{32}(?![A-Za-z\d])/y],
  ['SWMTKN-', /\d-[a-z\d]{40,60}-[a-z\d]{20,40}/y],
  ['::add-mask::', /[^\s]{1,4000}/y],
  ['$argon2', /(?:id|i|d)\$[\w$,=+/]{20,300}/y],
];

/** A short word in small letters, perhaps more of them, and letters and digits. */
const PREFIXED = /^[a-z][a-z\d]{1,11}(?:[_-][a-z\d]{1,8}){0,3}[_-](?<rest>[\w-]{32,400})$/;
const PREFIXED_LOWER =
  /^(?!(?:sha|md5|hash|digest|commit|rev)\w{0,8}[_-])[a-z][a-z\d]{1,11}[_-](?<rest>[a-z\d]{40,200})$/;

/**
 * Returns whether a run of base64 characters is a token in the style of most providers, which no rule knows: `acme_live_` and at
 * least 32 random letters and digits. In such letters the kinds of characters alternate more often than in names.
 */
export function isPrefixedToken(run: string): boolean {
  if (run.length < 36 || !/^[a-z][a-z\d]{1,11}[_-]/.test(run)) return false;
  const lower = PREFIXED_LOWER.exec(run)?.groups?.rest;
  // A name of Kubernetes can end in a digest.
  if (lower !== undefined) return (/[g-z]/.test(lower) || run.includes(`_${lower}`)) && alternations(lower) >= 0.3;
  const rest = PREFIXED.exec(run)?.groups?.rest;
  return rest !== undefined && looksRandom(rest);
}

/** Returns whether letters of both cases and digits alternate as often as in random text. */
export function looksRandom(text: string): boolean {
  return /[A-Z]/.test(text) && /\d/.test(text) && alternations(text) >= 0.45;
}

/** Returns how often the kind of the character changes, 0 to 1. */
function alternations(text: string): number {
  return (text.match(/[a-z](?![a-z])|[A-Z](?![A-Z])|\d(?!\d)/g)?.length ?? 0) / text.length;
}

/** The prefixes, each as a keyword of its rule. */
export const TOKEN_KEYWORDS: Keyword<{ token: TokenRule; length: number }>[] = TOKENS.flatMap(([prefixes, token]) =>
  prefixes.split(' ').map((literal) => ({ literal, rule: { token, length: literal.length } })),
);

/** Returns where the token that begins at a prefix ends, undefined if there is none. A word must be able to begin there. */
export function endOfToken(
  text: string,
  at: number,
  { token, length }: { token: TokenRule; length: number },
): number | undefined {
  token.lastIndex = at + length;
  return token.test(text) ? token.lastIndex : undefined;
}

/** Returns whether a word can begin here: not within another one, but after an escape such as `\n`, or `%3D`. */
export function isBoundary(text: string, at: number): boolean {
  const before = text.charAt(at - 1);
  if (!/[A-Za-z\d]/.test(before)) return true;
  return /\\[nrt]$|%[\dA-Fa-f]{2}$|\\u[\dA-Fa-f]{4}$/.test(text.slice(Math.max(0, at - 6), at));
}
