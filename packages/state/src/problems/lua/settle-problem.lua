-- settle_problem(cluster, problem, now, firing_until) derives the state of a problem, its highest severity and its start from its
-- symptoms, and deletes symptoms that cleared more than a day ago. Times are in ms, as text.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include problems/state/change-problem
local SYMPTOM, DAY_MS = 'symptom:', 24 * 3600 * 1000
local RANKS = { info = 1, warning = 2, critical = 3 }

return function(cluster, problem, now, firing_until)
  local key = keys.problem(cluster, problem)
  local fields = redis.call('HGETALL', key)
  local symptoms, firing, worst, since, old = 0, false, nil, nil, {}
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, #SYMPTOM) == SYMPTOM then
      local symptom = decode(fields[at + 1])
      symptoms = symptoms + 1
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
  if firing then
    redis.call('HSET', key, 'severity', worst, 'firing_until', firing_until)
    local begun = change_problem(cluster, problem, 'firing', now) == 'begun'
    if begun or redis.call('HEXISTS', key, 'since') == 0 then redis.call('HSET', key, 'since', string.format('%.0f', since)) end
  elseif symptoms > 0 and not change_problem(cluster, problem, 'recovered', now) then
    -- The row was deleted since the problem recovered.
    if not redis.call('HGET', key, 'state') then change_problem(cluster, problem, 'closed', now) end
  end
end
