-- What the scripts over leases share. A lease is {owner, token, expires_at}, kept as JSON.

-- Redis's own clock, so that the ingesters' clocks need not agree.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function lease_of(leases, cluster)
  local text = redis.call('HGET', leases, cluster)
  return text and cjson.decode(text)
end
