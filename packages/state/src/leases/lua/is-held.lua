-- is_held(lease, owner, token) returns whether a lease is still the one that the owner got under this token.
return function(lease, owner, token)
  return lease and lease.owner == owner and lease.token == tonumber(token)
end
