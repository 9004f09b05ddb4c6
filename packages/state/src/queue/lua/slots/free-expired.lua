-- free_expired(request) frees the slots whose leases have expired, once the workers that live could renew theirs.
-- @include redis/keys
-- @include queue/heartbeats-lasted

-- Longer than a worker takes to renew its leases after an outage, ms.
local RENEWAL_MS = 15000
return function(request)
  if heartbeats_lasted(request.now, RENEWAL_MS) then
    redis.call('ZREMRANGEBYSCORE', keys.slots(request.cluster), '-inf', request.now)
  end
end
