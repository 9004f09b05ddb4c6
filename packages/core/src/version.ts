import manifest from '../../../package.json' with { type: 'json' };

/** The version of Nightcrier. It is kept in the root's package.json alone. */
export const VERSION: string = manifest.version;
