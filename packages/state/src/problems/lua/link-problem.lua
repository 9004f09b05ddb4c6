-- link_problem(fault, incident, batch) records that an incident investigates the problem of a fault, which is firing now, and
-- announces the problem once. See read_faults.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include incidents/state/kept-ms
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
-- @include problems/note-signature
local MOST_INCIDENTS = 20
-- As SEVERITIES of the core package.
local NAMES = { [0] = 'info', 'warning', 'critical' }

return function(fault, incident, batch)
  local cluster, problem, now = fault.cluster, fault.problem, batch.header.now_ms
  local key = keys.problem(cluster, problem)
  change_problem(cluster, problem, 'firing', now)
  local row = redis.call('HMGET', key, 'incidents', 'firing_until', 'investigated_severity', 'announced', 'severity', 'incident', 'member_of')
  local before, kept = decode(row[1]) or {}, { incident }
  for _, other in ipairs(before) do
    if type(other) == 'string' and other ~= incident and #kept < MOST_INCIDENTS then kept[#kept + 1] = other end
  end
  local firing_until = batch.header.dedup_until
  if number_of(row[2], 0) > tonumber(firing_until) then firing_until = row[2] end
  local rank = number_of(row[3], -1)
  local raised = rank >= 0 and fault.severity > rank
  redis.call('HSET', key, 'incident', incident, 'incidents', cjson.encode(kept), 'firing_until', firing_until,
    'investigated_severity', math.max(rank, fault.severity))
  if row[6] ~= incident then redis.call('HSET', key, 'investigated_at', now) end
  if not row[5] or raised then redis.call('HSET', key, 'severity', NAMES[fault.severity]) end
  note_signature(key, fault.signature)
  if fault.about ~= '' then redis.call('HSET', key, 'about', fault.about) end
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('ZADD', keys.problems(cluster), now, problem)
  -- A member of a storm is notified with the first problem, until it is investigated by itself.
  if row[7] and fault.row_key ~= keys.incident(incident) then return end
  redis.call('HDEL', key, 'member_of')
  if row[4] ~= '1' then
    redis.call('HSET', key, 'announced', '1')
    notify_problem(cluster, problem, 'firing', now)
  elseif raised then
    notify_problem(cluster, problem, 'severity_raised', now)
  end
end
