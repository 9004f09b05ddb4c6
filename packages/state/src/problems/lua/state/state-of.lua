-- state_of(state) returns the state of a problem by the field of its row, nil for none. Versions before 0.2 wrote `cleared` for
-- `recovered`.
local STATES = { firing = 'firing', recovered = 'recovered', cleared = 'recovered', closed = 'closed' }

return function(state)
  return state and STATES[state]
end
