import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { isWrongType } from '@nightcrier/state/damage/if-readable';

/** A queue of the board that skips what is damaged in Redis: one job that cannot be read must not hide all others. */
export class TolerantQueue extends BullMQAdapter {
  constructor(...[queue, options]: ConstructorParameters<typeof BullMQAdapter>) {
    super(queue, options);
    // BullMQ reads the jobs of its lists by this method as well.
    const getJob = queue.getJob.bind(queue);
    queue.getJob = async (id) => readable(getJob(id), undefined);
  }

  override async getJobs(...range: Parameters<BullMQAdapter['getJobs']>): ReturnType<BullMQAdapter['getJobs']> {
    return readable(super.getJobs(...range), []);
  }

  override async getJobSchedulers(): ReturnType<BullMQAdapter['getJobSchedulers']> {
    return readable(super.getJobSchedulers(), []);
  }

  override async getJobSchedulersCount(): Promise<number> {
    return readable(super.getJobSchedulersCount(), 0);
  }

  override async isPaused(): Promise<boolean> {
    return readable(super.isPaused(), false);
  }
}

async function readable<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (isWrongType(error) || error instanceof SyntaxError) return otherwise;
    throw error;
  }
}
