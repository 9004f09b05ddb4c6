-- enter_state(id, state, created, now) adds an incident to the indexes of its state. `created` and `now` are in ms.
-- @include redis/keys
-- @include incidents/state/open-states
-- @include incidents/state/trim-state
return function(id, state, created, now)
  redis.call('ZADD', keys.incidents, created, id)
  redis.call('ZADD', keys.incidents_in(state), created, id)
  if not open_states[state] then trim_state(state, now, 10) end
end
