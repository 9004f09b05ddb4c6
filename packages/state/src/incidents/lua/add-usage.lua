-- Adds what a run of an agent has used to the agent's totals and to the incident's row, if it still exists.
--
-- KEYS: none; the names are in redis/keys.lua
-- ARGV[1]: incident id
-- ARGV[2]: agent
-- ARGV[3]: figures (JSON, see UsageFigures of the core package)
-- ARGV[4]: source of the cost, or ''
-- Returns: nothing
--
-- @include redis/keys
local row_key, agent, source = keys.incident(ARGV[1]), ARGV[2], ARGV[4]
local has_row = redis.call('EXISTS', row_key) == 1
for figure, value in pairs(cjson.decode(ARGV[3])) do
  redis.call('HINCRBYFLOAT', keys.triage_runs, 'usage:' .. figure .. ':' .. agent, value)
  if has_row then redis.call('HINCRBYFLOAT', row_key, 'usage:' .. figure, value) end
end
-- One estimated run makes the sum an estimate.
if has_row and source == 'price table' then redis.call('HSET', row_key, 'usage:cost_source', source) end
if has_row and source == 'cli' then redis.call('HSETNX', row_key, 'usage:cost_source', source) end
