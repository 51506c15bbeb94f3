// Copying a value: the clipboard has it for 30 seconds, and then no more, where that is still possible.

import { say } from './say.js';

const KEPT = 30_000;
let timer = null;

/** Fetches a value, copies it and says so; the page keeps nothing of it. */
export async function copyOnce(read) {
  let failed = null;
  const text = async () => {
    const value = await read().catch((error) => {
      failed = error;
      throw error;
    });
    return new Blob([value], { type: 'text/plain' });
  };
  try {
    // The promise is handed over at once: a browser allows copying only right after a click.
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text() })]);
  } catch {
    throw (
      failed ??
      Object.assign(new Error('The browser did not let the page copy.'), {
        hint: 'Show the value and copy it by hand.',
      })
    );
  }
  clearTimeout(timer);
  timer = setTimeout(clear, KEPT);
  say('Copied. The clipboard is cleared in 30 seconds, while this page is open.');
}

// The clipboard can only be written while the page has the focus; without it, that is done when it comes back.
function clear() {
  if (!document.hasFocus()) return void window.addEventListener('focus', clear, { once: true });
  navigator.clipboard.writeText('').catch(() => null);
}
