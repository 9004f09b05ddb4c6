-- notify_problem(cluster, problem, event, now, incident, row) writes a notification of a problem to the outbox, in the same step as the change that
-- it reports, and appends an event of what changes the problem but not its state. Nothing is written of a problem that was never announced, and of a silenced one only what ends an earlier
-- notification; `suppressed` then marks that something was not written. Several recurrences become one notification. `now` is in
-- ms; without an incident the latest counts, and without a row (see read_problem) it is read.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
-- @include redis/time-text
-- @include notifications/note-problem-due
-- @include problems/state/problem-facts
-- @include problems/state/read-problem
-- @include problems/state/state-of
-- @include events/note-event
-- What change_problem has appended an event of, and what happens too often.
local NO_EVENT = { firing = true, reopened = true, recovered = true, closed = true, recurred = true }
local ENDS = { recovered = true, closed = true, acknowledged = true }

-- Returns whether a silence of the row (JSON) holds.
local function is_silenced(text, now)
  local silence = decode(text)
  return silence and number_of(silence.until_ms, math.huge) > tonumber(now)
end

-- Rows of versions before 0.2 have no spell; what they have an incident for was announced.
local function of_former_version(key, row, now)
  if not row.incident then return nil end
  local spell = now .. '-' .. redis.call('INCR', keys.problem_sequence)
  redis.call('HSET', key, 'spell', spell, 'announced', '1')
  return spell
end

return function(cluster, problem, event, now, incident, row)
  local key = keys.problem(cluster, problem)
  row = row or read_problem(key)
  if not NO_EVENT[event] and state_of(row.state) then
    note_event('problem', { cluster = cluster, key = problem, state = state_of(row.state), change = 'changed' })
  end
  local spell = row.spell or of_former_version(key, row, now)
  if not spell or (row.spell and row.announced ~= '1') then return end
  if is_silenced(row.silenced, now) and not (ENDS[event] and row.notified) then
    redis.call('HSET', key, 'suppressed', '1')
    return
  end
  local number = event == 'recurred' and 'recurred' or redis.call('HINCRBY', key, 'notified', 1)
  local id = spell .. '-' .. number
  note_problem_due(id, {
    id = id,
    sequence = redis.call('INCR', keys.problem_sequence),
    event = event,
    at = time_text(now),
    problem = problem_facts(cluster, problem, row, now),
    incident_id = incident or row.incident,
  })
end
