const surviving = new WeakSet<NodeJS.WritableStream>();

/** Ignores that the reader of a stream is gone. Without a listener the error would end the process. */
export function surviveClosedReader(stream: NodeJS.WritableStream): void {
  if (surviving.has(stream)) return;
  surviving.add(stream);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}
