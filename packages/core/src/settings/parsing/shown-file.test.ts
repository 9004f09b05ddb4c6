import { expect, test } from 'vitest';
import { shownFile } from './shown-file.ts';

test.each([
  '/run/secrets/redis',
  './key',
  '../a/b',
  'token',
  'secrets/api-key.txt',
  'missing.kubeconfig',
  String.raw`C:\keys\api`,
])('the path %s is shown', (file) => expect(shownFile(file)).toBe(file));

test.each([
  'sk-ant-api03-abcdefABCDEF0123456789',
  'glpat-0123456789abcdefghij',
  'abc/def+ghi==',
  'https://hooks.slack.example/services/T0/B0/abcdef',
  '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
  `eyJ${'a'.repeat(40)}.eyJ${'b'.repeat(40)}.${'c'.repeat(43)}`,
])('what may be the secret itself is not shown: %s', (file) => expect(shownFile(file)).not.toContain(file));
