-- count(counts, name, cluster, by) adds to an entry of the books, in total and for the cluster. `counts` maps names to
-- increments; write_counts writes it.
return function(counts, name, cluster, by)
  counts[name] = (counts[name] or 0) + by
  name = name .. ':' .. cluster
  counts[name] = (counts[name] or 0) + by
end
