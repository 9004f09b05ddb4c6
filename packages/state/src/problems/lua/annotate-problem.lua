-- Notes on a problem that a person has acknowledged it, or what silences it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1], ARGV[2]: cluster and key
-- ARGV[3]: field: acknowledged or silenced
-- ARGV[4]: its content (JSON), or '' to delete it
-- ARGV[5]: now (ms)
-- Returns: 1, or 0 if there is no such problem that is firing or recovered; what silences a problem is noted before there is one
--
-- @include redis/keys
-- @include problems/state/state-of
-- @include problems/state/notify-problem
-- @include incidents/state/open-states
-- @include events/note-event
-- How long a silence waits for the row of its problem.
local NEW_MS = 3600000

-- What began or went on under a silence is notified at its end: the result of the investigation, or the beginning while there is none.
local function event_after_silence(key)
  local incident = redis.call('HGET', key, 'incident')
  local state = incident and redis.call('HGET', keys.incident(incident), 'state')
  if not state or open_states[state] then return 'firing' end
  return state == 'resolved' and 'reported' or 'investigation_failed'
end

local cluster, problem, field, content, now = unpack(ARGV)
local key = keys.problem(cluster, problem)
local state = state_of(redis.call('HGET', key, 'state'))
if (not state or state == 'closed') and content ~= '' then
  if field ~= 'silenced' then return 0 end
  -- Its fault is about to be admitted: a silence must hold before the problem is announced.
  redis.call('HSET', key, field, content)
  if not state then redis.call('PEXPIRE', key, NEW_MS) end
  return 1
end
if not state then return 0 end
local before = redis.call('HGET', key, field)
if (before or '') == content then return 1 end
if content == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, content) end
if field == 'silenced' then note_event('problem', { cluster = cluster, key = problem, state = state, change = 'changed' }) end
if field == 'acknowledged' then
  notify_problem(cluster, problem, 'acknowledged', now)
elseif content == '' and redis.call('HDEL', key, 'suppressed') == 1 and state == 'firing' then
  notify_problem(cluster, problem, event_after_silence(key), now)
end
return 1
