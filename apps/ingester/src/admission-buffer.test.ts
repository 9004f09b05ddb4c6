import type { AdmissionOutcome } from '@nightcrier/core/admission';
import type { ClusterEvent } from '@nightcrier/core/cluster-event';
import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AdmissionBuffer, type AdmissionBufferOptions } from './admission-buffer.ts';

function event(name: string): ClusterEvent {
  const resource = { apiVersion: 'v1', kind: 'Pod', name };
  const timestamp = '2026-11-21T10:00:00Z';
  return {
    cluster_name: 'alpha',
    labels: {},
    event: { faultId: name, faultType: 'CrashLoop', severity: 'critical', resource, timestamp },
    source: 'subscription',
    received_at: timestamp,
  };
}

/** A buffer before a queue that can be away. */
function bufferBefore(queue: { away: boolean }, options: Partial<AdmissionBufferOptions> = {}) {
  const admitted: string[] = [];
  const asked: { name: string; incidentId: string }[] = [];
  const outcomes: AdmissionOutcome[] = [];
  const errors: { fields: object; message: string }[] = [];
  const buffer = new AdmissionBuffer({
    admit: async ({ event }, incidentId) => {
      asked.push({ name: event.faultId, incidentId });
      if (queue.away) throw new Error('Redis is away');
      admitted.push(event.faultId);
      return { kind: 'queued', incidentId, evicted: [] };
    },
    onOutcome: (_, outcome) => outcomes.push(outcome),
    logger: { ...silentLogger, error: (fields, message) => void errors.push({ fields, message }) },
    retryInterval: 5,
    ...options,
  });
  onTestFinished(() => buffer.close());
  return { buffer, admitted, asked, outcomes, errors };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `fault-${index}`);

describe('AdmissionBuffer', () => {
  test('admits in the order of receipt', async () => {
    const { buffer, admitted, outcomes } = bufferBefore({ away: false });
    for (const name of names(1000)) buffer.add(event(name));
    await expect.poll(() => outcomes).toHaveLength(1000);
    expect(admitted).toEqual(names(1000));
    expect(buffer.size).toBe(0);
  });

  test('keeps faults while Redis is away and admits them in order, each under the id it was first sent with', async () => {
    const queue = { away: true };
    const { buffer, admitted, asked } = bufferBefore(queue);
    for (const name of names(5)) buffer.add(event(name));
    await expect.poll(() => asked.length).toBeGreaterThan(10);
    expect(buffer.size).toBe(5);
    queue.away = false;
    await expect.poll(() => admitted).toEqual(names(5));
    expect(new Set(asked.map(({ name, incidentId }) => `${name} ${incidentId}`)).size).toBe(5);
  });

  test('counts what does not fit and says so once', async () => {
    const queue = { away: true };
    const { buffer, admitted, errors } = bufferBefore(queue, { capacity: 3 });
    for (const name of names(10)) buffer.add(event(name));
    expect(buffer.overflowed).toBe(7);
    expect(errors).toEqual([
      {
        fields: { cluster: 'alpha', capacity: 3, lost: 1 },
        message: 'faults lost: the buffer before admission is full',
      },
    ]);
    queue.away = false;
    await expect.poll(() => admitted).toEqual(names(3));
  });

  test('a fault that cannot be admitted at all does not hold up the others', async () => {
    const { buffer, outcomes, errors } = bufferBefore(
      { away: false },
      {
        admit: async ({ event }, incidentId) => {
          if (event.faultId === 'fault-1') throw new RangeError('received_at must be a time');
          return { kind: 'queued', incidentId, evicted: [] };
        },
      },
    );
    for (const name of names(3)) buffer.add(event(name));
    await expect.poll(() => outcomes).toHaveLength(2);
    expect(buffer.size).toBe(0);
    expect(errors).toMatchObject([{ message: 'fault cannot be admitted', fields: { cluster: 'alpha' } }]);
  });

  test('close admits what still waits', async () => {
    const { buffer, admitted } = bufferBefore({ away: false });
    for (const name of names(500)) buffer.add(event(name));
    await buffer.close();
    expect(admitted).toHaveLength(500);
  });

  test('close while Redis is away ends, and says how many faults are lost', async () => {
    const { buffer, errors } = bufferBefore({ away: true }, { retryInterval: 60_000 });
    for (const name of names(4)) buffer.add(event(name));
    await buffer.close();
    expect(errors).toEqual([{ fields: { lost: 4 }, message: 'faults lost: Redis is away at shutdown' }]);
  });
});
