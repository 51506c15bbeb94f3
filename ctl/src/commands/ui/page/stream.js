// Server-sent events, read by `fetch`: `EventSource` cannot show the bearer.

/** Yields `{event, data}` of each message, until the stream ends. */
export async function* messages(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    for (const frame of frames) {
      const of = (name) => frame.match(new RegExp(`^${name}: ?(.*)$`, 'm'))?.[1];
      if (of('event')) yield { event: of('event'), data: of('data') ?? '' };
    }
  }
}
