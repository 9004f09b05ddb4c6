-- write_batch(batch) writes what the decisions have left to be written.
-- @include queue/fair-tags/write-tags
-- @include admission/batch/write-newcomers
-- @include admission/batch/write-answers
-- @include admission/books/write-counts
-- @include incidents/state/trim-cluster-index
-- @include problems/storm/write-storms
return function(batch)
  write_newcomers(batch)
  write_storms(batch)
  write_answers(batch)
  if batch.tags then write_tags(batch.tags) end
  write_counts(batch.counts)
  -- One of its clusters for each batch: it is rarely needed.
  trim_cluster_index(batch.faults[1].cluster, batch.header.now)
end
