import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** The clients under measurement: they connect, count what they receive, and reconnect. */
export interface Clients {
  /** Number of clients with a working stream. */
  active: () => number;
  /** Starts to connect all clients. */
  connect: () => void;
  /** Whether clients reconnect by themselves. */
  reconnects: boolean;
  /** The longest interval between two requests of a client without faults, ms. */
  idleMs: number;
}

/** Enough samples that p99 is not a single pause of the garbage collector; the first ones run cold code. */
const STEADY = 2_000;
const WARM_UP = 200;
const BURST = 20_000;
/** Right after the connect, the clusters are listed. */
const SETTLING_MS = 5_000;

/** Called with the `context` of each received fault, which is the time at which it was sent. */
export class Arrivals {
  count = 0;
  latencies: number[] = [];

  readonly add = (sentAt: unknown): void => {
    this.count += 1;
    this.latencies.push(performance.timeOrigin + performance.now() - Number(sentAt));
  };
}

function megabytes(what: 'heapUsed' | 'rss'): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage()[what] / (1 << 20);
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

async function until(done: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + 120_000;
  while (!done()) {
    if (performance.now() > limit) throw new Error(`timed out: ${what}`);
    await sleep(5);
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Measures and reports to the parent process. */
export async function measure(size: number, clients: Clients, arrivals: Arrivals): Promise<void> {
  const heap = megabytes('heapUsed');
  const began = performance.now();
  const connectCpu = process.cpuUsage();
  clients.connect();
  await until(() => clients.active() === size, 'connect');
  const connectCpuMs = cpuMs(connectCpu);
  const connectAll = performance.now() - began;
  await sleep(1_000);
  const heapPerConnection = ((megabytes('heapUsed') - heap) * 1024) / size;
  const rss = megabytes('rss');

  const settlingCpu = process.cpuUsage();
  await sleep(SETTLING_MS);
  const settlingCpuMs = cpuMs(settlingCpu);
  report(
    `${size} connected in ${round(connectAll / 1_000)} s, ${Math.round(connectCpuMs)} ms of CPU; idle for ${clients.idleMs / 1_000} s`,
  );
  const cpu = process.cpuUsage();
  await sleep(clients.idleMs);
  const idleCpuMs = cpuMs(cpu);

  report('steady stream, then a burst');
  process.send?.({ order: 'steady', count: WARM_UP + STEADY });
  await until(() => arrivals.count === WARM_UP + STEADY, 'steady');
  const latencies = arrivals.latencies.slice(WARM_UP).toSorted((a, b) => a - b);
  const percentile = (part: number): number => round(latencies[Math.floor(latencies.length * part)] ?? 0);

  arrivals.count = 0;
  const burstCpu = process.cpuUsage();
  const burstBegan = performance.now();
  process.send?.({ order: 'burst', count: BURST });
  await until(() => arrivals.count === BURST, 'burst');
  const burst = performance.now() - burstBegan;
  const burstCpuMs = cpuMs(burstCpu);

  const figures = {
    heap_kb_per_connection: round(heapPerConnection),
    rss_mb: round(rss),
    connect_all_s: round(connectAll / 1_000),
    p50_ms: percentile(0.5),
    p99_ms: percentile(0.99),
    burst_events_per_s: Math.round((BURST * 1_000) / burst),
    idle_cpu_percent: round((idleCpuMs * 100) / clients.idleMs),
    settling_cpu_percent: round((settlingCpuMs * 100) / SETTLING_MS),
    connect_cpu_ms: Math.round(connectCpuMs),
    burst_cpu_us_per_event: round((burstCpuMs * 1_000) / BURST),
  };
  process.send?.({ figures: clients.reconnects ? { ...figures, ...(await reconnect(size, clients)) } : figures });
}

function report(progress: string): void {
  process.send?.({ progress });
}

async function reconnect(size: number, clients: Clients): Promise<object> {
  const began = performance.now();
  report('all connections are cut');
  process.send?.({ order: 'restart' });
  await until(() => clients.active() < size / 2, 'loss');
  await until(() => clients.active() === size, 'reconnect');
  const reconnectAll = round((performance.now() - began) / 1_000);
  process.send?.({ order: 'most' });
  const [answer]: unknown[] = await once(process, 'message');
  const { most } = z.object({ most: z.number() }).parse(answer);
  return { reconnect_all_s: reconnectAll, most_connects_at_once: most };
}
