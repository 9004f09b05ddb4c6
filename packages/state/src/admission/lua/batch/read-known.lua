-- read_known(faults) reads what is known of all faults at once:
--   answers: incident id to the answer that an earlier call got (JSON)
--   owners: key of a fault or a group to the id of the incident that owns it
--   rows: incident id to whether it has a row
-- @include redis/keys
return function(faults)
  local ids, row_keys, owner_keys = {}, {}, {}
  for at, fault in ipairs(faults) do
    ids[at], row_keys[at] = fault.id, fault.row_key
    owner_keys[#owner_keys + 1] = fault.fault_key
    if fault.group_key then owner_keys[#owner_keys + 1] = fault.group_key end
  end
  local answers, owners, rows = {}, {}, {}
  for at, answer in ipairs(redis.call('HMGET', keys.counted_answers, unpack(ids))) do answers[ids[at]] = answer end
  for at, value in ipairs(redis.call('MGET', unpack(owner_keys))) do
    owners[owner_keys[at]] = value and string.match(value, '^%S+')
  end
  if redis.call('EXISTS', unpack(row_keys)) > 0 then
    for at, row_key in ipairs(row_keys) do rows[ids[at]] = redis.call('EXISTS', row_key) == 1 end
  end
  return { answers = answers, owners = owners, rows = rows }
end
