-- write_tags(tags) writes the tags that this call has taken.
-- @include redis/keys
-- @include redis/append
-- @include redis/integer-text
-- @include redis/write-fields
return function(tags)
  local fields = {}
  for severity, of in pairs(tags) do
    for cluster, next_tag in pairs(of.next) do append(fields, severity .. ':' .. cluster, integer_text(next_tag)) end
  end
  if #fields > 0 then write_fields(keys.fair_next, fields) end
end
