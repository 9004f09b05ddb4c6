-- lease_of(leases, cluster) returns the lease on a cluster, {owner, token, expires_at}, nil if there is none. One that
-- cannot be read is moved aside.
-- @include leases/parse-lease
return function(leases, cluster)
  return parse_lease(leases, cluster, redis.call('HGET', leases, cluster))
end
