import type { Check, CheckContext } from '../../check.ts';
import { type Finding, ok, skipped, warning } from '../../finding.ts';

/** Leases and ages are compared over machines; a difference below this one hides in their tolerance, ms. */
const MOST_MS = 2_000;

/** The clock of this machine against that of Redis. */
export const clock: Check = {
  name: 'clock',
  examine: (context) => [{ subject: 'this machine', run: async () => inspect(context) }],
};

async function inspect({ redis, now }: CheckContext): Promise<Finding[]> {
  const access = await redis.access();
  if (access.kind !== 'open') return [skipped('this machine', 'there is no Redis to compare with')];
  const before = now();
  const [seconds, microseconds] = await access.state.redis.time();
  // Redis read its clock somewhere between the two.
  const own = (before + now()) / 2;
  const difference = own - (Number(seconds) * 1000 + Number(microseconds) / 1000);
  const text = `${(Math.abs(difference) / 1000).toFixed(1)} s ${difference > 0 ? 'ahead of' : 'behind'} Redis`;
  if (Math.abs(difference) <= MOST_MS) return [ok('this machine', text)];
  const message = `the clock is ${text}: ages, deadlines and leases are wrong by as much`;
  return [warning('this machine', message, 'synchronise both machines: timedatectl set-ntp true, or chronyd')];
}
