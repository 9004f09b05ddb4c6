import { describe, expect, test } from 'vitest';
import { chooseProxy } from './proxies.ts';

const proxies = { HTTPS_PROXY: 'http://proxy.example:3128', HTTP_PROXY: 'plain.example:8080' };
const choose = (url: string, environment: Record<string, string> = {}) =>
  chooseProxy({ ...proxies, ...environment })(new URL(url));

describe('chooseProxy', () => {
  test('takes the proxy of the scheme; a proxy without a scheme is an http one', () => {
    expect(choose('https://api.example')).toBe('http://proxy.example:3128/');
    expect(choose('http://api.example')).toBe('http://plain.example:8080/');
    expect(chooseProxy({})(new URL('https://api.example'))).toBeUndefined();
  });

  test('prefers names in lower case, unless they are empty', () => {
    expect(choose('https://api.example', { https_proxy: 'http://lower:1' })).toBe('http://lower:1/');
    expect(choose('https://api.example', { https_proxy: '' })).toBe('http://proxy.example:3128/');
  });

  test.each([
    'http://127.0.0.1:8080',
    'http://127.8.9.1',
    'https://localhost:6443',
    'http://[::1]:80',
    'http://a.localhost',
  ])('never sends %s through a proxy', (url) => expect(choose(url)).toBeUndefined());

  test.each([
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://api.example.com', true],
    ['example.com', 'https://badexample.com', false],
    ['.example.com', 'https://api.example.com', true],
    ['.example.com', 'https://example.com', false],
    ['*.example.com', 'https://api.example.com', true],
    ['EXAMPLE.com.', 'https://example.COM.', true],
    ['example.com:8443', 'https://example.com:8443', true],
    ['example.com:443', 'https://example.com', true],
    ['example.com:8443', 'https://example.com', false],
    ['10.0.0.0/8', 'https://10.96.0.1', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.0.0.0/8', 'https://ten.example', false],
    ['192.168.1.7', 'http://192.168.1.7:9000', true],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['[fd00::1]:443', 'https://[fd00::1]', true],
    ['fd00::1', 'https://[fd00::1]', true],
    ['other, example.com', 'https://example.com', true],
    ['*', 'https://anything.example', true],
    [':', 'https://anything.example', false],
  ])('NO_PROXY=%s exempts %s: %s', (list, url, exempt) => {
    expect(choose(url, { NO_PROXY: list }) === undefined).toBe(exempt);
  });

  test.each(['socks5://proxy:1080', 'http://', 'not a url'])('refuses the proxy %j without repeating it', (value) => {
    expect(() => choose('https://a', { https_proxy: value })).toThrow(
      'environment variable https_proxy: must be an http:// or https:// URL of a proxy',
    );
  });
});
