-- count(counts, name, cluster, by) adds to an entry of the books. `counts` maps clusters to names to increments; write_counts
-- writes it, and with it the totals of all clusters.
return function(counts, name, cluster, by)
  local entries = counts[cluster]
  if not entries then
    entries = {}
    counts[cluster] = entries
  end
  entries[name] = (entries[name] or 0) + by
end
