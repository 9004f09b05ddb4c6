-- Notes on a problem that a person has acknowledged it, or what silences it.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1], ARGV[2]: cluster and key
-- ARGV[3]: field: acknowledged or silenced
-- ARGV[4]: its content (JSON), or '' to delete it
-- ARGV[5]: now (ms)
-- Returns: 1, or 0 if there is no such problem that is firing or recovered; what silences a problem is noted before there is one
--
-- @include redis/keys
-- @include problems/state/state-of
-- @include problems/state/notify-problem
-- @include problems/note-silence
local cluster, problem, field, content, now = unpack(ARGV)
local key = keys.problem(cluster, problem)
local state = state_of(redis.call('HGET', key, 'state'))
if field == 'silenced' then
  if not state and content == '' then return 0 end
  note_silence(cluster, problem, content, now)
  return 1
end
if not state or (state == 'closed' and content ~= '') then return 0 end
if (redis.call('HGET', key, field) or '') == content then return 1 end
if content == '' then redis.call('HDEL', key, field) else redis.call('HSET', key, field, content) end
notify_problem(cluster, problem, 'acknowledged', now)
return 1
