-- note_signature(key, facts) adds to a problem's row what is known of the cause that is being investigated, see causeSignature in core.
-- @include redis/decode
local MOST = 40

local function is_listed(known, fact)
  for _, other in ipairs(known) do
    if other == fact then return true end
  end
  return false
end

return function(key, facts)
  if #facts == 0 then return end
  local known = decode(redis.call('HGET', key, 'signatures')) or {}
  for _, fact in ipairs(facts) do
    if not is_listed(known, fact) then known[#known + 1] = fact end
    if #known > MOST then table.remove(known, 1) end
  end
  redis.call('HSET', key, 'signatures', cjson.encode(known))
end
