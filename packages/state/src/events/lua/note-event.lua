-- note_event(kind, data) appends an event to the stream of events, in the same step as the change that it reports. `kind` is problem,
-- incident or cluster; see StreamEvent in core for the data of each. The oldest events are dropped.
-- @include redis/keys
local MOST = '10000'

return function(kind, data)
  redis.call('XADD', keys.events, 'MAXLEN', '~', MOST, '*', 'kind', kind, 'data', cjson.encode(data))
end
