-- The breaker of agents over all workers. At a threshold of consecutive failures agents become degraded. From then on one
-- incident at a time, and none before the next probe is due, is given to the agent, until it reports.
--
-- The hash `agent-breaker`: failures (consecutive), reason (of the last one); while degraded also since, next_probe (ms),
-- probe (incident id), probe_until (ms), passed_over (number of incidents that the agent did not get). Until it is degraded also
-- general (consecutive failures that no cluster can have caused), cluster:<name> for each cluster with another failure, and
-- clusters (their number).
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: operation: enter, failed, succeeded or inconclusive (the agent neither failed nor reported)
-- ARGV[2]: incident id
-- ARGV[3]: enter: lease of a probe (ms); failed: threshold (0: none)
-- ARGV[4]: enter and failed: probe interval (ms)
-- ARGV[5]: failed: reason
-- ARGV[6], ARGV[7]: failed: cluster that may have caused it, or empty; number of clusters, or empty
-- Returns: enter → {'agent'}, {'probe'} or {'degraded', failures, reason}; failed → 'opened' or 'counted';
-- succeeded → 'closed' or 'counted'; inconclusive → 'counted'
--
-- @include redis/keys
-- @include redis/number-of
-- @include redis/redis-time
-- @include breaker/enter-breaker
-- @include breaker/record-failure
-- @include breaker/record-success
local operation, incident = ARGV[1], ARGV[2]
local row = redis.call('HMGET', keys.agent_breaker, 'since', 'probe', 'probe_until', 'next_probe')
local breaker = {
  key = keys.agent_breaker,
  now = redis_time(),
  -- A breaker whose start is damaged is closed.
  since = number_of(row[1], nil) and row[1],
  probe = row[2],
  probe_until = number_of(row[3], 0),
  next_probe = number_of(row[4], 0),
  is_probe = number_of(row[1], nil) and row[2] == incident,
}
if operation == 'enter' then return enter_breaker(breaker, incident, tonumber(ARGV[3]), tonumber(ARGV[4])) end
if operation == 'failed' then
  return record_failure(breaker, {
    threshold = tonumber(ARGV[3]),
    interval = tonumber(ARGV[4]),
    reason = ARGV[5],
    cluster = ARGV[6] or '',
    clusters = math.max(1, tonumber(ARGV[7] or '') or math.huge),
  })
end
if operation == 'succeeded' then return record_success(breaker) end
if breaker.is_probe then redis.call('HDEL', breaker.key, 'probe', 'probe_until') end
return 'counted'
