-- write_tags(tags) writes the tags that this call has taken.
-- @include redis/keys
-- @include redis/append
-- @include redis/integer-text
-- @include redis/write-fields
return function(tags)
  local fields = {}
  for _, of in pairs(tags) do
    for cluster in pairs(of.taken) do append(fields, of.prefix .. cluster, integer_text(of.next[cluster])) end
  end
  if #fields > 0 then write_fields(keys.fair_next, fields) end
end
