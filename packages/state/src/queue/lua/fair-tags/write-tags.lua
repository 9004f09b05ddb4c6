-- write_tags(tags) writes the tags that this call has taken.
-- @include redis/keys
-- @include redis/append
-- @include redis/write-fields
return function(tags)
  local fields = {}
  for field in pairs(tags.taken) do append(fields, field, tags.next[field]) end
  if #fields > 0 then write_fields(keys.fair_next, fields) end
end
