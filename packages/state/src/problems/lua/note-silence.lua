-- note_silence(cluster, problem, silence, now) notes on the row of a problem what silences it (JSON, see SilencedBy in core, and
-- until_ms), or with '' that nothing does: then what was suppressed is notified, if the problem is firing. `now` is in ms, as text.
-- @include redis/keys
-- @include incidents/state/open-states
-- @include problems/state/state-of
-- @include problems/state/notify-problem
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

return function(cluster, problem, silence, now)
  local key = keys.problem(cluster, problem)
  if (redis.call('HGET', key, 'silenced') or '') == silence then return end
  local state = state_of(redis.call('HGET', key, 'state'))
  if silence == '' then redis.call('HDEL', key, 'silenced') else redis.call('HSET', key, 'silenced', silence) end
  -- Its fault is about to be admitted: a silence must hold before the problem is announced.
  if not state then return redis.call('PEXPIRE', key, NEW_MS) end
  note_event('problem', { cluster = cluster, key = problem, state = state, change = 'changed' })
  if silence == '' and redis.call('HDEL', key, 'suppressed') == 1 and state == 'firing' then
    notify_problem(cluster, problem, event_after_silence(key), now)
  end
end
