-- Writes what the detector found of problems, for clusters that no other ingester took over. Preceded by leases.lua and
-- problem-rows.lua.
--
-- KEYS[1] leases
-- ARGV[1] id of the ingester, ARGV[2] now in ms, ARGV[3] firing_until of what is firing, then cluster, token and JSON in turn:
--   {problem, symptoms: [{name, json}]}, where no symptoms mean that it is still firing as before
-- Returns for each whether it was written.

local SYMPTOM, KEPT_CLEARED, DAY_MS = 'symptom:', 1000, 24 * 3600 * 1000
local RANKS = { info = 1, warning = 2, critical = 3 }
local id, now, firing_until = ARGV[1], ARGV[2], ARGV[3]

-- What follows from the symptoms: the state, the highest severity, since when. Those that recovered long ago go.
local function settle(key, cluster, problem)
  local fields = redis.call('HGETALL', key)
  local firing, worst, since, gone = false, nil, nil, {}
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, #SYMPTOM) == SYMPTOM then
      local symptom = cjson.decode(fields[at + 1])
      if symptom.state == 'firing' then
        firing = true
        if not worst or RANKS[symptom.severity] > RANKS[worst] then worst = symptom.severity end
        if not since or symptom.fired_at < since then since = symptom.fired_at end
      elseif (symptom.cleared_at or 0) < now - DAY_MS then
        gone[#gone + 1] = fields[at]
      end
    end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  local before = redis.call('HGET', key, 'state')
  if firing then
    redis.call('HSET', key, 'state', 'firing', 'severity', worst, 'firing_until', firing_until)
    if before ~= 'firing' or redis.call('HEXISTS', key, 'since') == 0 then
      redis.call('HSET', key, 'since', string.format('%.0f', since), 'changed_at', now)
    end
    redis.call('HDEL', key, 'cleared_at')
  elseif before ~= 'cleared' then
    redis.call('HSET', key, 'state', 'cleared', 'cleared_at', now, 'changed_at', now, 'firing_until', '0')
  end
  redis.call('HSET', key, 'cluster', cluster, 'key', problem)
end

-- Of a cluster, only so many problems are kept; those that have recovered go first, the oldest first.
local function trim_problems(cluster)
  local surplus = redis.call('ZCARD', problems_of(cluster)) - KEPT_CLEARED
  if surplus <= 0 then return end
  for _, problem in ipairs(redis.call('ZRANGE', problems_of(cluster), 0, surplus + 100)) do
    if surplus <= 0 then return end
    local key = problem_key_of(cluster, problem)
    if redis.call('HGET', key, 'state') ~= 'firing' then
      redis.call('DEL', key)
      redis.call('ZREM', problems_of(cluster), problem)
      surplus = surplus - 1
    end
  end
end

local written, trimmed = {}, {}
for at = 4, #ARGV, 3 do
  local cluster, token = ARGV[at], tonumber(ARGV[at + 1])
  local lease = lease_of(KEYS[1], cluster)
  if lease and lease.owner == id and lease.token == token then
    local change = cjson.decode(ARGV[at + 2])
    local key = problem_key_of(cluster, change.problem)
    for _, symptom in ipairs(change.symptoms) do redis.call('HSET', key, SYMPTOM .. symptom.name, symptom.json) end
    settle(key, cluster, change.problem)
    redis.call('PEXPIRE', key, KEPT_PROBLEM_MS)
    redis.call('ZADD', problems_of(cluster), now, change.problem)
    if not trimmed[cluster] then trim_problems(cluster) end
    trimmed[cluster] = true
    written[#written + 1] = 1
  else
    written[#written + 1] = 0
  end
end
return written
