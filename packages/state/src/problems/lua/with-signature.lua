-- with_signature(known, facts) returns what is known of the cause that is being investigated (see causeSignature in core) together with
-- other facts; nil where nothing is added. All are JSON lists; `known` may be nil.
-- @include redis/decode
local MOST = 40

local function is_listed(known, fact)
  for _, other in ipairs(known) do
    if other == fact then return true end
  end
  return false
end

return function(known, facts)
  if facts == '[]' then return nil end
  local list, added = decode(known) or {}, decode(facts) or {}
  for _, fact in ipairs(added) do
    if not is_listed(list, fact) then list[#list + 1] = fact end
    if #list > MOST then table.remove(list, 1) end
  end
  return #added > 0 and cjson.encode(list) or nil
end
