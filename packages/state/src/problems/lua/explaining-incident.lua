-- explaining_incident(cluster, problem, now) returns the id of the incident whose report explains a problem that is still firing,
-- nil if there is none. `now` is in ms.
--
-- The row of a problem is a hash: state (firing or cleared), severity, since, changed_at, cleared_at, firing_until (ms; after it
-- the state is not trusted), incident and incidents (the latest, and a JSON list, the latest first), and
-- `symptom:<container>/<family>` for each symptom (JSON).
-- @include redis/keys
-- @include redis/number-of
return function(cluster, problem, now)
  local row = redis.call('HMGET', keys.problem(cluster, problem), 'state', 'firing_until', 'incident')
  local state, firing_until, incident = row[1], row[2], row[3]
  if state ~= 'firing' or not incident or number_of(firing_until, 0) <= now then return nil end
  if redis.call('HGET', keys.incident(incident), 'state') ~= 'resolved' then return nil end
  return incident
end
