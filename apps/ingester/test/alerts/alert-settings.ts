/** The settings of the receiver of alerts that a reload changes. */
export const ALERT_SETTINGS = [
  'access_key',
  'access_key_file',
  'username',
  'password',
  'password_file',
  'cluster_names',
  'labels',
  'resolve_timeout',
] as const;
