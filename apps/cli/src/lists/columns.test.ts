import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitColumns } from './columns.ts';

const columns = [
  { head: 'id', values: ['3f9c0a7d', 'b1'] },
  { head: 'resource', values: ['Pod shop/cart-7d4b9c8f6d-x2vbq', 'Node node-1'], least: 12 },
  { head: 'cause', values: ['the image cannot be pulled: unauthorized', ''], least: 10 },
];

describe('fitColumns', () => {
  test('cuts a column that names the row last', () => {
    const named = [
      { head: 'problem', values: ['payments/statement-renderer'], least: 8, cutLast: true },
      { head: 'faults', values: ['QuotaExceeded'], least: 6 },
    ];
    expect(fitColumns(named, 35)[1]).toBe('payments/statement-renderer  Quota…');
    expect(fitColumns(named, 30)[1]).toBe('payments/statement-re…  Quota…');
  });

  test('ends numbers at the right edge', () => {
    const counts = [
      { head: 'entry', values: ['received', 'lost'] },
      { head: 'all', values: ['1024', '7'], number: true },
    ];
    expect(fitColumns(counts, 80)).toEqual(['ENTRY      ALL', 'received  1024', 'lost         7']);
  });

  test('aligns columns without cutting where there is room', () => {
    expect(fitColumns(columns, 200)).toEqual([
      'ID        RESOURCE                        CAUSE',
      '3f9c0a7d  Pod shop/cart-7d4b9c8f6d-x2vbq  the image cannot be pulled: unauthorized',
      'b1        Node node-1',
    ]);
  });

  test('cuts the widest columns first, and never one that must be whole', () => {
    const lines = fitColumns(columns, 50);
    expect(lines.map((line) => line.length).every((length) => length <= 50)).toBe(true);
    expect(lines[1]).toBe('3f9c0a7d  Pod shop/cart-7d4b…  the image cannot b…');
  });

  test('keeps the least widths where there is too little room', () => {
    expect(fitColumns(columns, 10)[1]).toBe('3f9c0a7d  Pod shop/ca…  the image…');
  });

  test('is never wider than it may be, if the least widths fit', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(texts, texts, fc.integer({ min: 40, max: 200 }), (one, other, width) => {
        const lines = fitColumns(
          [
            { head: 'one', values: one, least: 8 },
            { head: 'other', values: other, least: 8 },
          ],
          width,
        );
        expect(lines).toHaveLength(4);
        expect(lines.every((line) => Array.from(line).length <= width)).toBe(true);
      }),
    );
  });

  test('reads each text as often in a long table as in a short one', () => {
    const readsPerText = (rows: number): number => {
      let reads = 0;
      const texts = Array.from({ length: rows }, (_, row) => `https://mcp-${row}.example.com/mcp`);
      const counted = new Proxy(texts, {
        get: (target, key, receiver) => {
          if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
          return Reflect.get(target, key, receiver);
        },
      });
      const lines = fitColumns([{ head: 'endpoint', values: counted, least: 10 }], 20);
      expect(lines).toHaveLength(rows + 1);
      return reads / rows;
    };
    const short = readsPerText(100);
    expect(short).toBeGreaterThan(0);
    expect(readsPerText(200_000)).toBe(short);
  });
});
