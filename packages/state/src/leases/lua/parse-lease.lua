-- parse_lease(leases, cluster, text) returns a lease, {owner, token, expires_at}, nil if there is none. One that cannot be
-- read is moved aside.
-- @include redis/decode
return function(leases, cluster, text)
  if not text then return nil end
  local lease = decode(text)
  if lease and type(lease.owner) == 'string' and type(lease.token) == 'number' and type(lease.expires_at) == 'number' then
    return lease
  end
  redis.aside(leases, cluster, 'it is no lease')
  return nil
end
