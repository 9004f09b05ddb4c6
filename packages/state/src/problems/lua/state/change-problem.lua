-- change_problem(cluster, problem, to, now) moves a problem to another state, lists it there, and notifies. It is the only writer of
-- `state`, and appends an event. Returns 'begun' for a problem that is new, or was closed; 'changed'; or nil if it cannot go there from where it is.
-- Times are in ms, as text.
--
-- The row of a problem is a hash:
--   state, severity, since, changed_at, recovered_at, closed_at
--   spell: names what happens from a start to the close; begins the ids of its notifications, and `notified` counts them
--   announced: 1 once `firing` was notified; recurrences; recoveries (JSON list of the latest times); flapping: 1
--   incident and incidents (the latest, and a JSON list, the latest first)
--   investigated_at, investigated_severity (rank), signatures (JSON list): what the latest investigation was about
--   about (JSON): environment, labels and node, see ProblemPlace in core
--   suppressed: 1 when a silence has kept something from being notified
--   acknowledged, silenced (JSON, see Acknowledgement and SilencedBy in core); component, message: of a failure of Nightcrier
--   members (JSON list of keys), member_of: of a storm
--   symptom:<container>/<family>, alert:<symptom>|<fingerprint> (JSON)
--   firing_until (ms): only versions before 0.2 read it
-- @include redis/keys
-- @include redis/append
-- @include redis/decode
-- @include problems/state/state-of
-- @include problems/state/index-problem
-- @include problems/state/notify-problem
-- @include events/note-event
local NEXT = {
  none = { firing = true, closed = true },
  firing = { recovered = true },
  recovered = { firing = true, closed = true },
  closed = { firing = true },
}
-- What an event calls a change to a state, unless the problem begins.
local CHANGES = { firing = 'reopened', recovered = 'recovered', closed = 'closed' }
-- So many recoveries within this time are flapping.
local FLAPPING, FLAPPING_MS = 3, 3600000

-- Each of these returns what is notified of the change, nil for nothing, and the fields that it writes.
local function begin(key, now)
  redis.call('HDEL', key, 'recovered_at', 'cleared_at', 'closed_at', 'recoveries', 'flapping', 'announced', 'acknowledged', 'incident',
    'signatures', 'investigated_at', 'investigated_severity', 'members', 'member_of', 'notified', 'suppressed')
  local spell = now .. '-' .. redis.call('INCR', keys.problem_sequence)
  return nil, { 'spell', spell, 'since', now, 'recurrences', '0' }
end

local function recover(key, member, now)
  local recoveries = { tonumber(now) }
  for _, at in ipairs(decode(redis.call('HGET', key, 'recoveries')) or {}) do
    if type(at) == 'number' and at > now - FLAPPING_MS and #recoveries < FLAPPING then recoveries[#recoveries + 1] = at end
  end
  local fields = { 'recovered_at', now, 'firing_until', '0', 'recoveries', cjson.encode(recoveries) }
  local was_flapping = redis.call('HGET', key, 'flapping') == '1'
  if #recoveries < FLAPPING then
    redis.call('HDEL', key, 'flapping')
    redis.call('ZREM', keys.flapping_problems, member)
    return 'recovered', fields
  end
  append(fields, 'flapping', '1')
  redis.call('ZADD', keys.flapping_problems, now, member)
  return not was_flapping and 'flapping' or nil, fields
end

local function reopen(key)
  redis.call('HDEL', key, 'recovered_at', 'cleared_at')
  return redis.call('HGET', key, 'flapping') ~= '1' and 'reopened' or nil, {}
end

return function(cluster, problem, to, now)
  local key = keys.problem(cluster, problem)
  local from = state_of(redis.call('HGET', key, 'state')) or 'none'
  if not NEXT[from][to] then return nil end
  local begins = to == 'firing' and from ~= 'recovered'
  local event, fields
  if begins then event, fields = begin(key, now)
  elseif to == 'firing' then event, fields = reopen(key)
  elseif to == 'recovered' then event, fields = recover(key, cluster .. '|' .. problem, now)
  else fields = { 'closed_at', now } end
  redis.call('HSET', key, 'state', to, 'changed_at', now, 'cluster', cluster, 'key', problem, unpack(fields))
  index_problem(cluster, problem, to, now)
  if from ~= 'none' or to == 'firing' then
    note_event('problem', { cluster = cluster, key = problem, state = to, change = begins and 'opened' or CHANGES[to] })
  end
  if to == 'closed' then
    -- What was last notified of a flapping problem is that it flaps.
    redis.call('ZREM', keys.flapping_problems, cluster .. '|' .. problem)
    if redis.call('HDEL', key, 'flapping') == 1 and from == 'recovered' then notify_problem(cluster, problem, 'recovered', now) end
    event = 'closed'
  end
  if event then notify_problem(cluster, problem, event, now) end
  return begins and 'begun' or 'changed'
end
