-- Resolves the alerts of one cluster that were not sent again in time, forgets those that were resolved a while ago, and notes
-- that the problems of the others are still firing.
--
-- KEYS[1]: alerts of the cluster
-- KEYS[2]: when each alert ends or is forgotten
-- ARGV[1]: cluster
-- ARGV[2]: now (ms)
-- ARGV[3]: firing_until (ms) of what is firing
-- ARGV[4]: until when (ms) resolved alerts are kept
-- Returns: JSON of the alerts that were resolved
--
-- @include redis/keys
-- @include problems/settle-problem
-- @include alerts/leave-symptom
local AT_ONCE = 200
local cluster, now, firing_until, kept_until = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local touched, resolved = {}, {}
for _, fingerprint in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, AT_ONCE)) do
  local json = redis.call('HGET', KEYS[1], fingerprint)
  local alert = json and cjson.decode(json)
  if alert and alert.state == 'firing' then
    alert.state, alert.ended_at, alert['until'] = 'resolved', alert['until'], tonumber(kept_until)
    resolved[#resolved + 1] = cjson.encode(alert)
    redis.call('HSET', KEYS[1], fingerprint, resolved[#resolved])
    redis.call('ZADD', KEYS[2], kept_until, fingerprint)
    leave_symptom(cluster, alert.problem, alert.symptom, fingerprint, now)
    touched[alert.problem] = true
  else
    redis.call('HDEL', KEYS[1], fingerprint)
    redis.call('ZREM', KEYS[2], fingerprint)
  end
end
for _, json in ipairs(redis.call('HVALS', KEYS[1])) do
  local alert = cjson.decode(json)
  if alert.state == 'firing' then touched[alert.problem] = true end
end
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('SREM', keys.alerted_clusters, cluster) end
for problem in pairs(touched) do
  if redis.call('EXISTS', keys.problem(cluster, problem)) == 1 then settle_problem(cluster, problem, now, firing_until) end
end
return resolved
