const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

/** Returns a duration such as `4 min` or `3 d`. Used by the server, and by pages, which count on. */
export function ageText(seconds) {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.max(0, Math.floor(seconds / length))} ${unit}`;
}

/** Returns a time relative to now, such as `4 min ago` or `in 3 d`. Both are milliseconds. */
export function relativeText(at, now) {
  const seconds = (now - at) / 1000;
  return seconds < 0 ? `in ${ageText(-seconds)}` : `${ageText(seconds)} ago`;
}
