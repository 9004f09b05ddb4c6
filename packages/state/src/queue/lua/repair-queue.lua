-- repair_queue(queue): moves those of BullMQ's structures of a queue aside that are of another type, and settings that are no numbers:
-- each would stop every worker. `queue` ends with a colon.
local TYPES = { active = 'list', wait = 'list', paused = 'list', prioritized = 'zset', delayed = 'zset', completed = 'zset',
  failed = 'zset', stalled = 'set', marker = 'zset', meta = 'hash', events = 'stream', pc = 'string', id = 'string' }

return function(queue)
  for name, wanted in pairs(TYPES) do
    local found = redis.call('TYPE', queue .. name).ok
    if found ~= 'none' and found ~= wanted then redis.key_aside(queue .. name, 'it is a ' .. found .. ', no ' .. wanted) end
  end
  -- Those that are no numbers are moved aside when they are read.
  redis.call('HMGET', queue .. 'meta', 'opts.maxLenEvents', 'concurrency', 'max', 'duration')
end
