/** The slope of a series and its 95 % confidence interval, in units per minute. */
export interface Slope {
  per_minute: number;
  low: number;
  high: number;
}

/** Of the t distribution with many degrees of freedom, for 95 %. */
const QUANTILE = 1.96;

/**
 * Fits a line by least squares. Neighbouring samples of a process resemble each other, so that they say less than independent
 * ones: the standard error is widened by the lag-1 autocorrelation of the residuals.
 * @param samples time in minutes, and value
 */
export function slopeOf(samples: readonly (readonly [minutes: number, value: number])[]): Slope {
  const count = samples.length;
  const meanTime = samples.reduce((sum, [time]) => sum + time, 0) / count;
  const mean = samples.reduce((sum, [, value]) => sum + value, 0) / count;
  const spread = samples.reduce((sum, [time]) => sum + (time - meanTime) ** 2, 0);
  if (count < 3 || spread === 0)
    return { per_minute: 0, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const slope = samples.reduce((sum, [time, value]) => sum + (time - meanTime) * (value - mean), 0) / spread;
  const residuals = samples.map(([time, value]) => value - mean - slope * (time - meanTime));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const lagged = residuals.slice(1).reduce((sum, residual, at) => sum + residual * (residuals[at] ?? 0), 0);
  const correlation = squares === 0 ? 0 : Math.min(0.95, Math.max(0, lagged / squares));
  const error = Math.sqrt((squares / (count - 2) / spread) * ((1 + correlation) / (1 - correlation)));
  return { per_minute: slope, low: slope - QUANTILE * error, high: slope + QUANTILE * error };
}
