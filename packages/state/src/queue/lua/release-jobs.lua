-- release_jobs(dead, most_stalls, now) makes the jobs of dead workers available to others at once, and returns their ids. `dead` is a
-- set of ids of workers. The locks are deleted, so that a worker that was only paused has lost its jobs. An incident keeps the slot
-- of its cluster: it is the next one that starts.
-- @include bullmq/move-stalled-jobs-to-wait
-- @include redis/keys
-- @include queue/slots/queue-keys
return function(dead, most_stalls, now)
  local released = {}
  if next(dead) == nil then return released end
  for _, id in ipairs(redis.call('LRANGE', QUEUE .. 'active', 0, -1)) do
    local lock = keys.job(id) .. ':lock'
    local owner = string.match(redis.call('GET', lock) or '', '^[^:]+')
    if owner and dead[owner] then
      redis.call('DEL', lock)
      released[#released + 1] = id
    end
  end
  if #released == 0 then return released end
  -- These jobs alone: the locks of live workers may have expired in an outage of Redis.
  redis.call('DEL', QUEUE .. 'stalled')
  redis.call('SADD', QUEUE .. 'stalled', unpack(released))
  -- BullMQ limits how often it checks for stalled jobs.
  redis.call('DEL', QUEUE .. 'stalled-check')
  move_stalled_jobs_to_wait(
    queue_keys('stalled', 'wait', 'active', 'stalled-check', 'meta', 'paused', 'marker', 'events', 'repeat'),
    { most_stalls, QUEUE, string.format('%d', now), '1000' }
  )
  return released
end
