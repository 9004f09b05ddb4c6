-- settle_problem(cluster, problem, now, firing_until) derives the state of a problem, its highest severity and its start from its
-- symptoms, and deletes symptoms that cleared more than a day ago. Times are in ms.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
local SYMPTOM, DAY_MS = 'symptom:', 24 * 3600 * 1000
local RANKS = { info = 1, warning = 2, critical = 3 }

return function(cluster, problem, now, firing_until)
  local key = keys.problem(cluster, problem)
  local fields = redis.call('HGETALL', key)
  local firing, worst, since, old = false, nil, nil, {}
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, #SYMPTOM) == SYMPTOM then
      local symptom = decode(fields[at + 1])
      if not symptom or not RANKS[symptom.severity] then
        redis.aside(key, fields[at], 'it is no symptom')
      elseif symptom.state == 'firing' then
        firing = true
        local fired_at = number_of(symptom.fired_at, tonumber(now))
        if not worst or RANKS[symptom.severity] > RANKS[worst] then worst = symptom.severity end
        if not since or fired_at < since then since = fired_at end
      elseif number_of(symptom.cleared_at, 0) < now - DAY_MS then
        old[#old + 1] = fields[at]
      end
    end
  end
  if #old > 0 then redis.call('HDEL', key, unpack(old)) end
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
