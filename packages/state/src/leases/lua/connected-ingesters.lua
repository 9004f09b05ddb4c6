-- connected_ingesters(ids) returns the set of those of these ingesters whose connection to Redis is open: each is subscribed to a
-- channel of its own. For a user whose ACL does not allow the question, none is.
return function(ids)
  local channels, connected = {}, {}
  for index, id in ipairs(ids) do channels[index] = PREFIX .. 'connected:' .. id end
  local counts = redis.pcall('PUBSUB', 'NUMSUB', unpack(channels))
  if counts.err then return connected end
  for index, id in ipairs(ids) do
    if counts[2 * index] > 0 then connected[id] = true end
  end
  return connected
end
