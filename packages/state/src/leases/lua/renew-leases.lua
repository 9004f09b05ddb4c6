-- renew_leases(leases, owner, expires_at, held) renews the leases that the owner still holds. `held` has cluster and token
-- alternately. An expired lease that no other ingester took is renewed too: its cluster was never unwatched.
-- @include leases/parse-lease
-- @include leases/is-held
local AT_ONCE = 1000

return function(leases, owner, expires_at, held)
  for from = 1, #held, 2 * AT_ONCE do
    local clusters, renewed = {}, {}
    for at = from, math.min(from + 2 * AT_ONCE - 1, #held), 2 do clusters[#clusters + 1] = held[at] end
    for index, text in ipairs(redis.call('HMGET', leases, unpack(clusters))) do
      local lease = parse_lease(leases, clusters[index], text)
      if is_held(lease, owner, held[from + 2 * index - 1]) then
        lease.expires_at = expires_at
        renewed[#renewed + 1] = clusters[index]
        renewed[#renewed + 1] = cjson.encode(lease)
      end
    end
    if #renewed > 0 then redis.call('HSET', leases, unpack(renewed)) end
  end
end
