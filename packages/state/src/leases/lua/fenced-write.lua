-- Writes values by cluster, for those clusters whose lease the ingester still holds.
--
-- KEYS[1]: leases
-- KEYS[2]: the hash to write to
-- ARGV[1]: id of the ingester
-- ARGV[2…]: cluster, token and value of each
-- Returns: number of refused values
--
-- @include leases/lease-of
-- @include leases/is-held
local refused = 0
for at = 2, #ARGV, 3 do
  if is_held(lease_of(KEYS[1], ARGV[at]), ARGV[1], ARGV[at + 1]) then
    redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 2])
  else
    refused = refused + 1
  end
end
return refused
