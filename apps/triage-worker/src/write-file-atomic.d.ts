/** The part of write-file-atomic 8 that is used here; the package ships no types. */
declare module 'write-file-atomic' {
  interface Options {
    mode?: number | false;
    /** false: owned by whoever writes, not by the owner of the file before. */
    chown?: false;
    /** Default true: the content is on the disk before the rename. */
    fsync?: boolean;
  }

  /** Writes to a temporary file beside `filename`, then renames it over `filename`. */
  export function sync(filename: string, data: string | Uint8Array, options?: Options): void;
}
