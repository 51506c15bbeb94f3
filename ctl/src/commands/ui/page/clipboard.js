// Copying a value: the clipboard has it for 30 seconds, and then no more, where that is still possible.

const KEPT = 30_000;
let timer = null;

/** Fetches a value and copies it; the page keeps nothing of it but a digest. */
export async function copyOnce(read) {
  let failed = null;
  let digest = null;
  const text = async () => {
    const value = await read().catch((error) => { failed = error; throw error; });
    digest = await sha256(value);
    return new Blob([value], { type: 'text/plain' });
  };
  try {
    // The promise is handed over at once: a browser allows copying only right after a click.
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text() })]);
  } catch (error) {
    throw failed ?? Object.assign(new Error('The browser did not let the page copy.'), { hint: 'Show the value and copy it by hand.' });
  }
  clearTimeout(timer);
  timer = setTimeout(() => clear(digest), KEPT);
}

async function sha256(text) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].join();
}

// The clipboard can only be written while the page has the focus; then it is done at the next look at it.
async function clear(digest) {
  if (!document.hasFocus()) return void window.addEventListener('focus', () => clear(digest), { once: true });
  if (await holdsAnother(digest)) return;
  await navigator.clipboard.writeText('').catch(() => null);
}

// Asks for no right to read: only where it is granted already can something else be left alone.
async function holdsAnother(digest) {
  try {
    const { state } = await navigator.permissions.query({ name: 'clipboard-read' });
    return state === 'granted' && (await sha256(await navigator.clipboard.readText())) !== digest;
  } catch {
    return false;
  }
}
