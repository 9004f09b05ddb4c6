-- open_batch(bullmq_keys, args) returns what the faults of a call share. Reads are done for all faults at once before the first
-- decision, and writes for all at once after the last; a write that a later decision reads is in the batch, or is done at once.
--   header: see BatchHeader in admission-request.ts
--   faults: see read_faults
--   answers, owners, rows: see read_known
--   job: {keys, args, options} of BullMQ's script addPrioritizedJob
--   waiting: number of incidents that count against the bound of all clusters
--   evictions_left: how many incidents the call may still evict; Redis serves nothing else meanwhile
--   clusters_indexed: whether waiting incidents are also indexed by cluster
-- and, still to be written:
--   counts: increments of the books
--   tags: see read_tags; nil until an incident is queued
--   newcomers: queued faults, see add_newcomer
--   newcomers_of: cluster to the number of its newcomers
--   remembered: see remember_answer
--   storms: name of the row of a storm's first problem to what has joined it, see join_storm
-- @include admission/batch/read-faults
-- @include admission/batch/read-known
-- @include admission/batch/index-clusters
-- @include admission/eviction/count-waiting
local MOST_EVICTIONS = 200

return function(bullmq_keys, args)
  local header, faults = cjson.decode(args[1]), read_faults(args)
  local batch = read_known(faults)
  batch.header, batch.faults = header, faults
  batch.job = { keys = bullmq_keys, args = cmsgpack.unpack(args[2]), options = cmsgpack.unpack(args[3]) }
  batch.waiting, batch.evictions_left = count_waiting(header.global_queue_size, #faults), MOST_EVICTIONS
  batch.counts, batch.storms = {}, {}
  batch.newcomers, batch.newcomers_of = {}, {}
  batch.remembered = { calls = {}, answers = {} }
  batch.clusters_indexed = index_clusters(header)
  return batch
end
