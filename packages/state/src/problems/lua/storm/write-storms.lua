-- write_storms(batch) lists the problems that have joined storms in the rows of the first ones (see join_storm), and notifies.
-- @include problems/state/notify-problem
return function(batch)
  for leader, joined in pairs(batch.storms) do
    redis.call('HSET', leader, 'members', cjson.encode(joined.members))
    -- What the bot has posted of the first one lists its members.
    notify_problem(joined.cluster, joined.problem, 'recurred', batch.header.now_ms)
  end
end
