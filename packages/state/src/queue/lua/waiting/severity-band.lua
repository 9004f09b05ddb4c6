-- The width of one severity in an eviction score, which is the index of the severity times this width, plus the time of receipt
-- in ms. Times stay below 2^41 until 2039. As SEVERITY_BAND in admission-request.ts.
return 2199023255552
