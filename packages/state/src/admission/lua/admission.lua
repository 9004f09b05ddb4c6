-- Decides whether faults become queued incidents, one after the other: an incident's row, its job, the indexes and the books
-- change together or not at all.
--
-- KEYS[1…9]: BullMQ's own, as addPrioritizedJob takes them; all other names are in redis/keys.lua
-- ARGV[1]: what all faults of the call have in common (JSON, see BatchHeader in admission-request.ts)
-- ARGV[2], ARGV[3]: arguments and options of a job, as BullMQ packs them (MessagePack)
-- ARGV[4…]: thirteen fields for each fault, see faultFields in admission-request.ts
-- Returns: for each fault {kind, incident id, …}: queued + {id, cluster} of each evicted incident; resent; deduplicated +
-- recurrences; grouped + members; rejected + bound; dropped_incoming + bound + evicted incidents; for an operator's request
-- also already_open; or {'failed', error of Redis}
--
-- @include admission/batch/open-batch
-- @include admission/batch/write-batch
-- @include admission/decide
local batch = open_batch(KEYS, ARGV)
local replies = {}
for at, fault in ipairs(batch.faults) do
  local decided, reply = pcall(decide, fault, batch)
  replies[at] = decided and reply or { 'failed', type(reply) == 'table' and reply.err or tostring(reply) }
end
write_batch(batch)
return replies
