-- read_known(faults) reads what is known of all faults at once:
--   answers: incident id to the answer that an earlier call got (JSON)
--   owners: key of a fault or a group to the id of the incident that owns it
--   rows: incident id to whether it has a row
-- @include redis/keys
return function(faults)
  local ids, row_keys, owner_keys = {}, {}, {}
  for at = 1, #faults do
    local fault = faults[at]
    ids[at], row_keys[at], owner_keys[2 * at - 1] = fault.id, fault.row_key, fault.fault_key
    -- MGET takes no gaps: a fault without a group asks for itself twice.
    owner_keys[2 * at] = fault.group_key or fault.fault_key
  end
  local answers, owners, rows = {}, {}, {}
  for at, answer in ipairs(redis.call('HMGET', keys.counted_answers, unpack(ids))) do
    if answer then answers[ids[at]] = answer end
  end
  for at, value in ipairs(redis.call('MGET', unpack(owner_keys))) do
    if value then owners[owner_keys[at]] = string.match(value, '^%S+') end
  end
  if redis.call('EXISTS', unpack(row_keys)) > 0 then
    for at, row_key in ipairs(row_keys) do rows[ids[at]] = redis.call('EXISTS', row_key) == 1 end
  end
  return { answers = answers, owners = owners, rows = rows }
end
