-- phase_of(id, phase) returns the phase of an open incident, by which the books count it: the one of its row, or, where that is
-- damaged, the one in which its job is.
local PHASES = { waiting = true, delayed = true, active = true }

return function(id, phase)
  if PHASES[phase] then return phase end
  if redis.call('ZSCORE', QUEUE .. 'delayed', id) then return 'delayed' end
  return redis.call('ZSCORE', QUEUE .. 'prioritized', id) and 'waiting' or 'active'
end
