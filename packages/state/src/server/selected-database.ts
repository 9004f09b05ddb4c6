import type { Redis } from 'ioredis';

/**
 * Closes a connection whose database Redis does not select: it has fewer, or the ACL lacks `select`. ioredis reports the error and
 * goes on in database 0, which may belong to others. It connects again.
 */
export function leaveOtherDatabase(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    // While it connects. Later, it is only sent to learn whether it is allowed.
    if (command.name === 'select' && redis.status !== 'ready') {
      const { reject } = command;
      command.reject = (error: Error) => {
        // Before anything else that Redis has answered is read.
        redis.stream.destroy(new Error(`Redis does not select database ${String(command.args[0])}: ${error.message}`));
        reject(error);
      };
    }
    return send(command, stream);
  };
}
