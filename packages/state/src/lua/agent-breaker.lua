-- Whether agents work, over all workers. So many failures in a row (the threshold) make them degraded; from then on one
-- incident at a time, and not before the next probe is due, is given to the agent, until that gives a report. Each change
-- between working and degraded is noted as due to be told in the same step. Preceded by incident-rows.lua.
--
-- The hash `agent-breaker`: failures (in a row), reason (of the last one); while degraded also since, next_probe (ms),
-- probe (incident id), probe_until (ms), passed_over.
--
-- ARGV: operation, incident id, and for
-- enter: lease of a probe (ms)                            → {'agent'}, {'probe'} or {'degraded', failures, reason}
-- failed: threshold (0: none), probe interval (ms), agent, reason     → 'opened', or 'counted'
-- succeeded: agent                                        → 'closed', or 'counted'
-- left (the agent neither failed nor gave a report)       → 'counted'

local breaker = ours .. 'agent-breaker'
local operation, incident = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', breaker, 'since', 'probe', 'probe_until', 'next_probe')
local since, probe = known[1], known[2]
local is_probe = since and probe == incident

local function end_probe()
  redis.call('HDEL', breaker, 'probe', 'probe_until')
end

if operation == 'enter' then
  if not since then return { 'agent' } end
  local probed = probe and tonumber(known[3]) > now
  -- The attempt at the probe's own incident that comes after its worker died goes on being the probe.
  if is_probe or (not probed and now >= tonumber(known[4])) then
    redis.call('HSET', breaker, 'probe', incident, 'probe_until', now + tonumber(ARGV[3]))
    return { 'probe' }
  end
  redis.call('HINCRBY', breaker, 'passed_over', 1)
  return { 'degraded', redis.call('HGET', breaker, 'failures'), redis.call('HGET', breaker, 'reason') }
end

if operation == 'failed' then
  local threshold, interval, agent, reason = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
  local failures = redis.call('HINCRBY', breaker, 'failures', 1)
  redis.call('HSET', breaker, 'reason', reason)
  if is_probe then
    end_probe()
    redis.call('HSET', breaker, 'next_probe', now + interval)
  elseif not since and threshold > 0 and failures >= threshold then
    redis.call('HSET', breaker, 'since', now, 'next_probe', now + interval, 'passed_over', 0)
    note_due('agents_degraded:' .. now,
      { event = 'agents_degraded', since = now, agent = agent, failures = failures, reason = reason })
    return 'opened'
  end
  return 'counted'
end

if operation == 'succeeded' then
  if not since then
    redis.call('DEL', breaker)
  elseif is_probe then
    local counts = redis.call('HMGET', breaker, 'failures', 'passed_over')
    redis.call('DEL', breaker)
    note_due('agents_recovered:' .. since, { event = 'agents_recovered', since = tonumber(since), at = now,
      agent = ARGV[3], failures = tonumber(counts[1]), passed_over = tonumber(counts[2]) })
    return 'closed'
  end
  -- Of an agent that began before they were degraded: no proof that they work now.
  return 'counted'
end

if is_probe then end_probe() end
return 'counted'
