-- notify_problem(cluster, problem, event, now, incident) writes a notification of a problem to the outbox, in the same step as the change that
-- it reports, see problem-outbox.ts. Nothing is written of a problem that was never announced, and of a silenced one only what
-- ends an earlier notification; `suppressed` then marks that something was not written. Several recurrences become one notification. `now` is in ms; without an incident the latest counts.
-- @include redis/keys
-- @include redis/decode
-- @include redis/number-of
local ENDS = { recovered = true, closed = true, acknowledged = true }

-- Returns whether a silence of the row (JSON) holds.
local function is_silenced(text, now)
  local silence = decode(text)
  return silence and number_of(silence.until_ms, math.huge) > tonumber(now)
end

-- Rows of versions before 0.2 have no spell; what they have an incident for was announced.
local function of_former_version(key, incident, now)
  if not incident then return nil end
  local spell = now .. '-' .. redis.call('INCR', keys.problem_sequence)
  redis.call('HSET', key, 'spell', spell, 'announced', '1')
  return spell
end

return function(cluster, problem, event, now, incident)
  local key = keys.problem(cluster, problem)
  local row = redis.call('HMGET', key, 'announced', 'silenced', 'spell', 'state', 'severity', 'since', 'recovered_at', 'recurrences',
    'flapping', 'incident', 'acknowledged', 'members', 'notified')
  local spell = row[3] or of_former_version(key, row[10], now)
  if not spell or (row[3] and row[1] ~= '1') then return end
  if is_silenced(row[2], now) and not (ENDS[event] and row[13]) then
    redis.call('HSET', key, 'suppressed', '1')
    return
  end
  local number = event == 'recurred' and 'recurred' or redis.call('HINCRBY', key, 'notified', 1)
  local name = spell .. '-' .. number
  redis.call('HSET', keys.due_problem_notifications, name, cjson.encode({
    id = name,
    sequence = redis.call('INCR', keys.problem_sequence),
    event = event,
    at = tonumber(now),
    cluster = cluster,
    key = problem,
    incident = incident or row[10] or nil,
    problem = {
      state = row[4],
      severity = row[5] or 'warning',
      since = number_of(row[6], tonumber(now)),
      recovered_at = row[7] and number_of(row[7], tonumber(now)) or nil,
      recurrences = number_of(row[8], 0),
      flapping = row[9] == '1',
      acknowledged = row[11] or nil,
      silenced = row[2] or nil,
      members = row[12] or nil,
    },
  }))
end
