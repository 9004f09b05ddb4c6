-- write_batch(batch) writes what the decisions have left to be written.
-- @include queue/fair-tags/write-tags
-- @include admission/batch/write-newcomers
-- @include admission/batch/write-answers
-- @include admission/books/write-counts
return function(batch)
  write_newcomers(batch)
  write_answers(batch)
  if batch.tags then write_tags(batch.tags) end
  write_counts(batch.counts)
end
