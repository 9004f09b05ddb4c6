-- member_json(fault) returns the fault as its group's incident lists it: the event with its time of receipt, or the shortened
-- one that came with it.
return function(fault)
  local event_end = tonumber(fault.member)
  if not event_end then return fault.member end
  local event = string.sub(fault.cluster_event, #'{"event":' + 1, event_end - 1)
  return event .. ',"received_at":' .. cjson.encode(fault.received_at) .. '}'
end
