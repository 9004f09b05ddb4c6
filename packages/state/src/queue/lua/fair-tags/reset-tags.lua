-- reset_tags(tags) starts again at 0. To be called when nothing waits.
-- @include redis/keys
return function(tags)
  redis.call('DEL', keys.fair_next, keys.fair_started)
  for _, of in pairs(tags) do of.next, of.started, of.taken = {}, 0, {} end
end
