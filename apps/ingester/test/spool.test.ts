import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import type { AdmissionOutcome } from '@nightcrier/core/incidents/admission';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SpoolDirectory } from '../src/spool/spool-directory.ts';
import { Spool, type SpoolOptions } from '../src/spool/spool.ts';
import { readLine } from '../src/spool/spooled-fault.ts';
import { limitFileSize, whyNoQuota } from './disk-quota.ts';

function event(name: string, cluster = 'alpha'): ClusterEvent {
  const resource = { apiVersion: 'v1', kind: 'Pod', name };
  const timestamp = '2026-11-21T10:00:00Z';
  return {
    cluster_name: cluster,
    labels: {},
    event: { faultId: name, faultType: 'CrashLoop', severity: 'critical', resource, timestamp },
    source: 'subscription',
    received_at: timestamp,
  };
}

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `fault-${from + index}`);

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'nightcrier-spool-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Queue {
  unreachable?: boolean;
  hangs?: boolean;
}

/** A spool before a queue that can become unreachable. */
async function spoolBefore(queue: Queue, options: Partial<SpoolOptions> = {}) {
  const directory = options.directory ?? (await makeDirectory());
  const admitted: string[] = [];
  const asked: { name: string; incidentId: string }[] = [];
  const outcomes: AdmissionOutcome[] = [];
  const lost: string[] = [];
  const errors: { fields: object; message: string }[] = [];
  const spool = new Spool({
    admit: async ({ event: { faultId } }, incidentId) => {
      asked.push({ name: faultId, incidentId });
      if (queue.hangs) await vi.waitUntil(() => !queue.hangs, { timeout: 30_000 });
      if (queue.unreachable) throw new Error('Redis is unreachable');
      admitted.push(faultId);
      return { kind: 'queued', incidentId, evicted: [] };
    },
    onOutcome: (_, outcome) => outcomes.push(outcome),
    onLost: (cluster) => lost.push(cluster),
    logger: { ...silentLogger, error: (fields, message) => void errors.push({ fields, message }) },
    directory,
    maxBytes: 10_000_000,
    diskRetry: 20,
    longestRetry: 30,
    ...options,
  });
  onTestFinished(() => spool.close());
  spool.start();
  return { spool, directory, admitted, asked, outcomes, lost, errors };
}

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ndjson'));

/** Of the faults on disk, the names, in order. */
const faultsIn = (directory: string): (string | undefined)[] =>
  filesIn(directory)
    .toSorted()
    .flatMap((file) => readFileSync(path.join(directory, file), 'utf8').trim().split('\n'))
    .map((text) => readLine(text)?.event.event.faultId);

/** Leaves a spool as a process that was killed would: on disk, under a process that does not live. */
function abandon(directory: string, lines: string[], owner = `${hostname()}~999999999~1~${randomUUID()}`): void {
  mkdirSync(path.join(directory, owner));
  writeFileSync(path.join(directory, owner, '0000000000000001.ndjson'), lines.join(''));
}

const line = (name: string, incident_id: string = randomUUID()): string =>
  `${JSON.stringify({ incident_id, event: event(name) })}\n`;

const patient = { timeout: 60_000 };

describe('while Redis answers', () => {
  test('faults are admitted in the order of receipt, and none touches the disk', async () => {
    const { spool, admitted, outcomes, directory } = await spoolBefore({});
    for (const name of names(1_000)) spool.add(event(name));
    expect(filesIn(directory)).toEqual([]);
    await expect.poll(() => outcomes, patient).toHaveLength(1_000);
    expect(admitted).toEqual(names(1_000));
    expect(spool.health()).toEqual({ state: 'flowing', in_memory: 0, disk_bytes: 0, lost: 0 });
  });

  test('a burst larger than memory goes through the disk, in order', async () => {
    const { spool, admitted } = await spoolBefore({}, { memoryCapacity: 100 });
    for (const name of names(5_000)) spool.add(event(name));
    expect(spool.health()).toMatchObject({ state: 'spooling', in_memory: 100 });
    await expect.poll(() => admitted.length, patient).toBe(5_000);
    expect(admitted).toEqual(names(5_000));
    await expect.poll(() => spool.health(), patient).toMatchObject({ state: 'flowing', disk_bytes: 0 });
  });

  test('at most 200 admissions are in flight', async () => {
    const queue = { hangs: true };
    const { spool, asked, admitted } = await spoolBefore(queue);
    for (const name of names(500)) spool.add(event(name));
    expect(asked).toHaveLength(200);
    queue.hangs = false;
    await expect.poll(() => new Set(admitted).size, patient).toBe(500);
  });

  test('a fault that cannot be admitted at all is counted as lost and does not hold up the others', async () => {
    const { spool, outcomes, lost, errors } = await spoolBefore(
      {},
      {
        admit: async ({ event: { faultId } }, incidentId) => {
          if (faultId === 'fault-1') throw new RangeError('received_at must be a time');
          return { kind: 'queued', incidentId, evicted: [] };
        },
      },
    );
    for (const name of names(3)) spool.add(event(name));
    await expect.poll(() => outcomes, patient).toHaveLength(2);
    expect(lost).toEqual(['alpha']);
    expect(errors).toMatchObject([{ message: 'fault lost: it is invalid', fields: { cluster: 'alpha' } }]);
  });
});

describe('while Redis is unreachable', () => {
  test('every fault is on disk, and is admitted in order under the id it was first sent with', async () => {
    const queue = { unreachable: true };
    const { spool, admitted, asked, directory } = await spoolBefore(queue, { memoryCapacity: 100 });
    for (const name of names(50)) spool.add(event(name));
    await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
    for (const name of names(450, 50)) spool.add(event(name));
    expect(faultsIn(directory)).toEqual(names(500));
    queue.unreachable = false;
    await expect.poll(() => admitted, patient).toEqual(names(500));
    expect(new Set(asked.map(({ name, incidentId }) => `${name} ${incidentId}`)).size).toBe(500);
    await expect.poll(() => filesIn(directory), patient).toEqual([]);
  });

  test('faults that are in flight go to disk as soon as Redis is silent for a while', async () => {
    const queue = { hangs: true };
    const { spool, admitted, directory } = await spoolBefore(queue);
    for (const name of names(20)) spool.add(event(name));
    await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
    queue.hangs = false;
    await expect.poll(() => admitted, patient).toEqual(names(20));
    await expect.poll(() => filesIn(directory), patient).toEqual([]);
  });

  test('a segment that cannot be deleted when its faults are admitted is deleted as soon as the disk allows that', async () => {
    const queue = { unreachable: true };
    const { spool, admitted, directory } = await spoolBefore(queue, { maintenanceInterval: 20 });
    for (const name of names(3)) spool.add(event(name));
    await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
    // Unlike a mode, this keeps root from deleting it too.
    const segment = path.join(directory, filesIn(directory)[0] ?? '');
    const { size } = statSync(segment);
    rmSync(segment);
    mkdirSync(segment);
    queue.unreachable = false;
    await expect.poll(() => admitted, patient).toEqual(names(3));
    await expect.poll(() => spool.health().in_memory, patient).toBe(0);
    expect(spool.health().disk_bytes).toBe(size);
    rmdirSync(segment);
    await expect.poll(() => spool.health().disk_bytes, patient).toBe(0);
  });

  test.each([
    ['deleted', (file: string) => rmSync(path.dirname(file), { recursive: true })],
    ['cut', (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2))],
  ])(
    'what is gone from the disk is counted for its cluster, and what comes later is admitted: %s',
    async (_, damage) => {
      const queue = { unreachable: true };
      const { spool, admitted, lost, directory } = await spoolBefore(queue, { memoryCapacity: 1 });
      for (const name of names(20)) spool.add(event(name, name === 'fault-19' ? 'delta' : 'alpha'));
      damage(path.join(directory, filesIn(directory).toSorted().at(-1) ?? ''));
      queue.unreachable = false;
      await expect.poll(() => admitted.length + lost.length, patient).toBe(20);
      expect(lost).toContain('alpha');
      expect(lost).toContain('delta');
      expect(spool.health()).toMatchObject({ lost: lost.length });
      await expect.poll(() => spool.health(), patient).toMatchObject({ state: 'flowing', disk_bytes: 0 });
      spool.add(event('later'));
      await expect.poll(() => admitted.at(-1), patient).toBe('later');
    },
  );

  test('what does not fit on disk is lost at once, and not kept in memory: the newest, counted for its cluster, logged once', async () => {
    const queue = { unreachable: true };
    const { spool, admitted, lost, errors } = await spoolBefore(queue, { memoryCapacity: 3, maxBytes: 4_000 });
    for (const name of names(100)) spool.add(event(name, name === 'fault-99' ? 'delta' : 'alpha'));
    expect(spool.health()).toMatchObject({ in_memory: 3 });
    expect(spool.health().disk_bytes).toBeLessThanOrEqual(4_000);
    expect(lost.length).toBeGreaterThan(80);
    expect(lost.at(-1)).toBe('delta');
    expect(spool.health().lost).toBe(lost.length);
    expect(errors.map(({ message }) => message)).toEqual(['faults lost: spool is full']);
    queue.unreachable = false;
    await expect.poll(() => admitted, patient).toEqual(names(100 - lost.length));
  });

  test('what is in memory and has no room on disk is lost when Redis becomes silent, but for what is in flight', async () => {
    const queue = { hangs: true };
    const { spool, admitted, lost, directory } = await spoolBefore(queue, { memoryCapacity: 500, maxBytes: 100_000 });
    for (const name of names(500)) spool.add(event(name));
    expect(lost).toEqual([]);
    await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
    const kept = faultsIn(directory).length;
    expect(kept).toBeGreaterThan(200);
    expect(lost).toHaveLength(500 - kept);
    queue.hangs = false;
    await expect.poll(() => new Set(admitted), patient).toEqual(new Set(names(kept)));
    expect(admitted).toHaveLength(kept);
  });

  test('while the disk fails faults are in memory, which the health shows, until it works again', async () => {
    const queue = { unreachable: true };
    const root = await makeDirectory();
    const directory = path.join(root, 'spool');
    writeFileSync(directory, 'a file where the directory should be');
    const { spool, admitted, lost, errors } = await spoolBefore(queue, { directory, memoryCapacity: 10 });
    for (const name of names(15)) spool.add(event(name));
    expect(lost).toHaveLength(5);
    expect(spool.health()).toMatchObject({ state: 'memory-only', error: expect.stringContaining(directory) });
    expect(errors[0]?.message).toBe('spool in memory only: make spool_dir writable, or free space');

    await rm(directory);
    await expect
      .poll(() => {
        spool.add(event('later'));
        return spool.health().state;
      }, patient)
      .toBe('spooling');
    queue.unreachable = false;
    await expect.poll(() => admitted.slice(0, 11), patient).toEqual([...names(10), 'later']);
  });

  test('what came while the disk failed is written in order when the disk works again, though nothing more comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const directory = path.join(await makeDirectory(), 'spool');
    writeFileSync(directory, 'a file where the directory should be');
    const { spool, asked } = await spoolBefore({ unreachable: true }, { directory });
    for (const name of names(3)) spool.add(event(name));
    await expect.poll(() => asked.length, patient).toBeGreaterThan(3);
    spool.add(event('fault-3'));

    await rm(directory);
    await expect.poll(() => vi.advanceTimersByTime(20_000) && spool.health().state, patient).toBe('spooling');
    expect(faultsIn(directory)).toEqual(names(4));
  });

  test.skipIf(whyNoQuota !== undefined)(
    'a fault that was written in part to a full disk leaves no part there, and is admitted in order',
    async () => {
      const queue = { unreachable: true };
      const { spool, admitted, lost, directory } = await spoolBefore(queue);
      spool.add(event('fault-0'));
      await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
      spool.add(event('fault-1'));
      expect(filesIn(directory)).toHaveLength(2);
      const [, file = ''] = filesIn(directory).toSorted();
      const { size } = statSync(path.join(directory, file));
      limitFileSize(size + 100); // a line has some 300 bytes
      onTestFinished(() => limitFileSize(undefined));
      spool.add(event('fault-2'));
      expect(spool.health()).toMatchObject({ state: 'memory-only', error: expect.stringContaining('EFBIG') });
      expect(statSync(path.join(directory, file)).size).toBe(size);

      limitFileSize(undefined);
      await expect
        .poll(() => {
          spool.add(event('later'));
          return spool.health().state;
        }, patient)
        .toBe('spooling');
      expect(faultsIn(directory).slice(0, 4)).toEqual([...names(3), 'later']);
      queue.unreachable = false;
      await expect.poll(() => admitted.slice(0, 4), patient).toEqual([...names(3), 'later']);
      expect(lost).toEqual([]);
    },
  );

  test('a disk that has just failed is tried once more at the end', async () => {
    const directory = path.join(await makeDirectory(), 'spool');
    writeFileSync(directory, 'a file where the directory should be');
    const { spool, asked, lost } = await spoolBefore({ unreachable: true }, { directory, diskRetry: 60_000 });
    for (const name of names(3)) spool.add(event(name));
    await expect.poll(() => asked.length, patient).toBeGreaterThan(3);
    await rm(directory);
    await spool.close();
    expect(lost).toEqual([]);
    expect(faultsIn(directory)).toEqual(names(3));
  });
});

describe('across processes', () => {
  test('pending faults are left for the next start, under the same ids and in order', async () => {
    const first = await spoolBefore({ unreachable: true });
    for (const name of names(300)) first.spool.add(event(name));
    await first.spool.close();
    expect(first.errors).toEqual([]);

    const next = await spoolBefore({}, { directory: first.directory });
    next.spool.add(event('new'));
    await expect.poll(() => next.admitted, patient).toEqual([...names(300), 'new']);
    const ids = new Map(next.asked.map(({ name, incidentId }) => [name, incidentId]));
    for (const { name, incidentId } of first.asked) expect(ids.get(name)).toBe(incidentId);
    await next.spool.close();
    expect(readdirSync(first.directory)).toEqual([]);
  });

  test('what neither Redis nor the disk can take is counted before the end, each for its cluster', async () => {
    const { spool, directory, lost, errors } = await spoolBefore({ unreachable: true }, { maxBytes: 2_000 });
    spool.add(event('fault-0'));
    await expect.poll(() => filesIn(directory), patient).toHaveLength(1);
    for (const name of names(19, 1)) spool.add(event(name, name === 'fault-19' ? 'beta' : 'alpha'));
    const lostBefore = lost.length;
    expect(lostBefore).toBeGreaterThan(10);
    await spool.close();
    await spool.close();
    expect(lost).toHaveLength(lostBefore);
    const kept = faultsIn(directory);
    expect(kept.length).toBeGreaterThan(1);
    expect(lost).toHaveLength(20 - kept.length);
    expect(lost.at(-1)).toBe('beta');
    expect(spool.health().lost).toBe(lost.length);
    expect(errors).toMatchObject([{ message: 'faults lost: spool is full', fields: { lost: 1 } }]);
  });

  test('the segments of a killed process are adopted; its torn last line is counted for its cluster', async () => {
    const directory = await makeDirectory();
    abandon(directory, [line('fault-0'), line('fault-1'), line('torn').slice(0, 150)]);
    const { admitted, lost, errors } = await spoolBefore({}, { directory });
    await expect.poll(() => admitted, patient).toEqual(names(2));
    expect(lost).toEqual(['alpha']);
    expect(errors).toMatchObject([{ message: 'faults lost: damaged lines in the spool', fields: { lines: 1 } }]);
    expect(filesIn(directory)).toEqual([]);
  });

  test('the segments of a live process are not adopted', async () => {
    const first = await spoolBefore({ unreachable: true });
    first.spool.add(event('mine'));
    await expect.poll(() => filesIn(first.directory), patient).toHaveLength(1);
    const second = await spoolBefore({}, { directory: first.directory });
    second.spool.add(event('yours'));
    await expect.poll(() => second.admitted, patient).toEqual(['yours']);
    expect(filesIn(first.directory)).toHaveLength(1);
  });

  test('a process of another host counts as dead only after it was silent for a minute', async () => {
    const directory = await makeDirectory();
    const owner = `another-host~1~1~${randomUUID()}`;
    abandon(directory, [line('elsewhere')], owner);
    const { spool, admitted } = await spoolBefore({}, { directory });
    spool.add(event('here'));
    await expect.poll(() => admitted, patient).toEqual(['here']);
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(path.join(directory, owner), longAgo, longAgo);
    const next = await spoolBefore({}, { directory });
    await expect.poll(() => next.admitted, patient).toEqual(['elsewhere']);
  });

  test('two processes that adopt the same directories concurrently get each file once, and all of them', async () => {
    const root = await makeDirectory();
    for (let dead = 0; dead < 2; dead += 1) {
      const directory = path.join(root, `left~${randomUUID()}`);
      mkdirSync(directory);
      for (const name of ['1.ndjson', '2.ndjson']) writeFileSync(path.join(directory, name), '');
    }
    const one = new SpoolDirectory(root);
    const other = new SpoolDirectory(root);
    const adoptedBy = (directory: SpoolDirectory) =>
      directory.adopt(/ndjson$/, () => path.join(directory.own, `${randomUUID()}.ndjson`));

    const meanwhile = adoptedBy(one);
    const first = meanwhile.next().value;
    const others = [...adoptedBy(other)];
    expect([first, ...meanwhile]).toHaveLength(1);
    expect(others).toHaveLength(3);
    expect(readdirSync(root).toSorted()).toEqual([one.own, other.own].map((own) => path.basename(own)).toSorted());
  });

  test('a directory that cannot be read blocks no other, and is shown in the health', async () => {
    const directory = await makeDirectory();
    const unreadable = path.join(directory, `left~${randomUUID()}`);
    writeFileSync(unreadable, 'a file where the directory should be');
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(unreadable, longAgo, longAgo);
    abandon(directory, [line('fault-0')]);
    const { spool, admitted } = await spoolBefore({}, { directory });
    expect(spool.health()).toMatchObject({ state: 'memory-only', error: expect.stringContaining(unreadable) });
    await expect.poll(() => admitted, patient).toEqual(['fault-0']);
  });
});
