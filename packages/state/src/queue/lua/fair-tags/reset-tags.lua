-- reset_tags(tags) starts again at 0. To be called when nothing waits.
-- @include redis/keys
return function(tags)
  redis.call('DEL', keys.fair_next, keys.fair_started)
  for severity in pairs(tags) do tags[severity] = nil end
end
