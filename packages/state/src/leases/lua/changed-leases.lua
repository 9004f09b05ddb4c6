-- changed_leases(leases, log, counter, since) returns the leases that have changed since a version as name and JSON
-- alternately, '' for a lease that was released, and whether these are all leases instead: for '' as the version, and where
-- the log does not tell.
-- @include leases/newest-change
-- @include redis/number-of
local AT_ONCE = 1000

return function(leases, log, counter, since)
  local version = number_of(redis.call('GET', counter), 0)
  local from = tonumber(since)
  local incomplete_until = tonumber(redis.call('ZSCORE', log, '') or 0)
  if not from or from > version or from < incomplete_until or newest_change(log) ~= version then
    return redis.call('HGETALL', leases), 1
  end
  local names, changed = redis.call('ZRANGEBYSCORE', log, '(' .. string.format('%d', from), '+inf'), {}
  for first = 1, #names, AT_ONCE do
    local some = {}
    for at = first, math.min(first + AT_ONCE - 1, #names) do some[#some + 1] = names[at] end
    for index, text in ipairs(redis.call('HMGET', leases, unpack(some))) do
      changed[#changed + 1] = some[index]
      changed[#changed + 1] = text or ''
    end
  end
  return changed, 0
end
