-- lease_of(leases, cluster) returns the lease on a cluster, {owner, token, expires_at}, nil if there is none.
return function(leases, cluster)
  local text = redis.call('HGET', leases, cluster)
  return text and cjson.decode(text)
end
