-- queue_keys(name…) returns the full names of BullMQ's keys of the triage queue.
return function(...)
  local names = { ... }
  for at, name in ipairs(names) do names[at] = QUEUE .. name end
  return names
end
