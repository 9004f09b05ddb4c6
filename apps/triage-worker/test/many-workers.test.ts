import { expect, it } from 'vitest';
import { investigateMany } from './many-workers.ts';

it('shares many incidents among five workers, never more at once than max_concurrent_agents, and at times as many', async () => {
  const crowd = { workers: 5, incidents: 8, max_concurrent_agents: 4, agent_seconds: 3 };
  expect(await investigateMany(crowd)).toMatchObject({ reported: 8, most: 4, books_off: [] });
});
