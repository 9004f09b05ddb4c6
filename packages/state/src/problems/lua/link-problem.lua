-- link_problem(fault, incident, batch) records that an incident investigates the problem of a fault, which is firing now, and
-- announces the problem once. See read_faults.
-- @include redis/keys
-- @include redis/append
-- @include redis/decode
-- @include redis/integer-text
-- @include redis/number-of
-- @include incidents/state/kept-ms
-- @include problems/state/change-problem
-- @include problems/state/notify-problem
-- @include problems/state/read-problem
-- @include problems/with-signature
local MOST_INCIDENTS = 20
-- As SEVERITIES of the core package.
local NAMES = { [0] = 'info', 'warning', 'critical' }

local function incidents_of(row, incident)
  local kept = { incident }
  for _, other in ipairs(decode(row.incidents) or {}) do
    if type(other) == 'string' and other ~= incident and #kept < MOST_INCIDENTS then kept[#kept + 1] = other end
  end
  return cjson.encode(kept)
end

local function later(one, other)
  return number_of(one, 0) > tonumber(other) and one or other
end

return function(fault, incident, batch)
  local cluster, problem, now = fault.cluster, fault.problem, batch.header.now_ms
  local key = keys.problem(cluster, problem)
  change_problem(cluster, problem, 'firing', now)
  local row = read_problem(key)
  local rank = number_of(row.investigated_severity, -1)
  local raised = rank >= 0 and fault.severity > rank
  -- A member of a storm is notified with the first problem, until it is investigated by itself.
  local waits = row.member_of and fault.row_key ~= keys.incident(incident)
  local announces = not waits and row.announced ~= '1'

  local fields = { 'incident', incident, 'incidents', incidents_of(row, incident),
    'firing_until', later(row.firing_until, batch.header.dedup_until),
    'investigated_severity', integer_text(math.max(rank, fault.severity)) }
  if row.incident ~= incident then append(fields, 'investigated_at', now) end
  if not row.severity or raised then append(fields, 'severity', NAMES[fault.severity]) end
  local signatures = with_signature(row.signatures, fault.signature)
  if signatures then append(fields, 'signatures', signatures) end
  if fault.about ~= '' then append(fields, 'about', fault.about) end
  if announces then append(fields, 'announced', '1') end
  redis.call('HSET', key, unpack(fields))
  for at = 1, #fields, 2 do row[fields[at]] = fields[at + 1] end
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('ZADD', keys.problems(cluster), now, problem)
  if waits then return end
  if row.member_of then
    redis.call('HDEL', key, 'member_of')
    row.member_of = nil
  end
  if announces then
    notify_problem(cluster, problem, 'firing', now, nil, row)
  elseif raised then
    notify_problem(cluster, problem, 'severity_raised', now, nil, row)
  end
end
