import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flag, html, trusted } from './html.ts';

const text = (template: ReturnType<typeof html>): string => template.toString();

describe('a template', () => {
  test('escapes text and quoted attributes', () => {
    const value = `<img src=x onerror="alert('1')">&amp;`;
    const escaped = '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;';
    expect(text(html`<p title="${value}">${value}</p>`)).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  test('contains fragments, lists and flags, and nothing for what is missing', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    const option = html`<option value="1" ${flag('selected', true)} ${flag('disabled', false)}>${3}</option>`;
    expect(text(html`<ul>${items}</ul>${undefined}${null}${false}${option}`)).toBe(
      '<ul><li>a</li><li>&lt;b&gt;</li></ul><option value="1" selected >3</option>',
    );
    expect(text(html`${trusted('<em>ok</em>')}`)).toBe('<em>ok</em>');
  });

  test.each([
    'javascript:alert(1)',
    ' JAVASCRIPT:alert(1)',
    'data:text/html,x',
    '//evil.example',
    '/\\evil.example',
    'vbscript:x',
  ])('replaces the URL %j', (url) => {
    expect(text(html`<a href="${url}">x</a>`)).toBe('<a href="#">x</a>');
  });

  test.each(['/problems?q=1', 'https://example.com/', '?state=firing', '#main', ''])('keeps the URL %j', (url) => {
    expect(text(html`<a href="${url}">x</a>`)).toBe(`<a href="${url}">x</a>`);
  });

  test('refuses places that no escaping makes safe', () => {
    const value = 'x';
    const refused = [
      () => html`<script>${value}</script>`,
      () => html`<style>p { color: ${value} }</style>`,
      () => html`<!-- ${value} -->`,
      () => html`<p ${value}>`,
      () => html`<p class=${value}>`,
      () => html`<p onclick="${value}">`,
      () => html`<p style="${value}">`,
      () => html`<p hx-on:click="${value}">`,
      () => html`<p title="${html`<b>x</b>`}">`,
      () => html`<p>${flag('checked', true)}</p>`,
    ];
    const refusals = /^(?:no value is allowed |only an attribute |HTML cannot be |the attribute "checked" stands)/;
    for (const template of refused) expect(template).toThrow(refusals);
    expect(text(html`<script src="/a.js"></script><!-- note --><p>${value}</p>`)).toContain('<p>x</p>');
  });

  test('never lets a value end its text or attribute', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const sent = text(html`<a href="/p?x=${one}" title='${one}'>${other}</a>`);
        expect(sent.match(/[<>"']/g)?.join('')).toBe(`<""''><>`);
      }),
    );
  });
});
