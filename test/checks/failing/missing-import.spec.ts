import { expect, it } from 'vitest';

const missing = './missing.ts';
await import(missing);

it('is never reached', () => expect(missing).toBeDefined());
