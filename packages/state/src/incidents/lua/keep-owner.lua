-- keep_owner(key, id, place, now, dedup_until) makes a shed incident, which may have no row, the owner of a fault until its dedup window
-- ends, and returns whether that is still to come. The value ends with the severity of the incident, from its eviction score. The
-- fault counts as not seen, so that a resync reports it again. Times are in ms.
-- @include redis/number-of
-- @include queue/waiting/severity-band
return function(key, id, place, now, dedup_until)
  local remaining = number_of(dedup_until, 0) - now
  if remaining <= 0 then return false end
  local severity = math.floor(number_of(place, 0) / severity_band)
  redis.call('SET', key, string.format('%s 0 %d', id, severity), 'PX', string.format('%d', remaining))
  return true
end
