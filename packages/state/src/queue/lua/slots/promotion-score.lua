-- promotion_score(score) returns the score of a parked incident with this eviction score: the most severe come first, then the
-- oldest.
-- @include queue/waiting/severity-band
return function(score)
  local severity = math.floor(score / severity_band)
  return (9 - severity) * severity_band + score % severity_band
end
