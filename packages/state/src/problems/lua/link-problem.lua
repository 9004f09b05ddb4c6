-- link_problem(cluster, problem, incident, now, firing_until) records the incident of a problem, which is firing now. Times are in
-- ms, as text.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include incidents/state/kept-ms
local MOST_INCIDENTS = 20

return function(cluster, problem, incident, now, firing_until)
  local key = keys.problem(cluster, problem)
  local row = redis.call('HMGET', key, 'incidents', 'firing_until', 'since')
  local before, kept = decode(row[1]) or {}, { incident }
  for _, other in ipairs(before) do
    if type(other) == 'string' and other ~= incident and #kept < MOST_INCIDENTS then kept[#kept + 1] = other end
  end
  if number_of(row[2], 0) > tonumber(firing_until) then firing_until = row[2] end
  redis.call('HSET', key, 'state', 'firing', 'incident', incident, 'incidents', cjson.encode(kept),
    'firing_until', firing_until, 'since', row[3] or now, 'changed_at', now)
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('ZADD', keys.problems(cluster), now, problem)
end
