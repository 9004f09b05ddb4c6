-- write_cluster_index(batch) writes the indexes of waiting incidents by cluster.
return function(batch)
  for index, scores in pairs(batch.cluster_scores) do redis.call('ZADD', index, unpack(scores)) end
  batch.cluster_scores = {}
end
