// Copying a value. A page may empty the clipboard only at a click or a key, so it waits for one, and says so.

import * as bars from './bars.js';
import { button, fill, h } from './dom.js';
import { say } from './say.js';

const KEPT = 30_000;

/** What was copied and is, as far as this page knows, still in the clipboard. */
let held = null;

/** Fetches a value and copies it; the page keeps nothing of it. */
export async function copyOnce(read) {
  let failed = null;
  const text = async () => {
    const value = await read().catch((error) => {
      failed = error;
      throw error;
    });
    return new Blob([value], { type: 'text/plain' });
  };
  forget();
  const copy = { isUnheard: true, wasAway: false, until: 0 };
  held = copy;
  try {
    // The promise is handed over at once: a browser allows copying only right after a click.
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': text() })]);
  } catch {
    if (held === copy) held = null;
    throw (
      failed ??
      Object.assign(new Error('The browser did not let the page copy.'), {
        hint: 'Show the value and copy it by hand.',
      })
    );
  }
  if (held === copy) count(copy);
}

function count(copy) {
  const words = h('span', { class: 'grow', role: 'timer' });
  copy.until = Date.now() + KEPT;
  copy.away = bars.show(words, button('Clear the clipboard now', () => clear(copy), { kind: 'small' }));
  copy.tick = () => fill(words, state(copy));
  copy.tick();
  copy.timer = setInterval(copy.tick, 1000);
  say('Copied.');
}

function state(copy) {
  const seconds = Math.ceil((copy.until - Date.now()) / 1000);
  if (isUnsure(copy)) return 'The clipboard may still hold what you copied. This page was left, and does not know.';
  if (seconds > 0) return `The clipboard holds what you copied. In ${seconds} s the next click or key here clears it.`;
  return 'The clipboard is not cleared yet: the next click or key here clears it.';
}

// A browser that tells of no change would let the page wipe what was copied elsewhere since.
const isUnsure = (copy) => copy.wasAway && copy.isUnheard;

/** Empties the clipboard; without a click or a key just before, the browser refuses. */
async function clear(copy) {
  try {
    await navigator.clipboard.writeText('');
  } catch {
    return;
  }
  if (held !== copy) return;
  forget();
  say('The clipboard is cleared.');
}

function forget() {
  clearInterval(held?.timer);
  held?.away?.();
  held = null;
}

// The first change is the page's own; after the next the clipboard holds something else, which is not the page's to wipe.
navigator.clipboard?.addEventListener?.('clipboardchange', () => {
  if (held?.isUnheard) held.isUnheard = false;
  else forget();
});

for (const kind of ['copy', 'cut']) addEventListener(kind, () => held?.until && isSelected() && forget());

function isSelected() {
  const { selectionStart, selectionEnd } = document.activeElement;
  return selectionStart !== selectionEnd || !getSelection().isCollapsed;
}

addEventListener('blur', () => {
  if (!held?.until) return;
  held.wasAway = true;
  held.tick();
});

function due(event) {
  const isDue = held?.until && Date.now() >= held.until && !isUnsure(held);
  if (isDue && !isCopy(event)) clear(held);
}

// A button that copies puts another value there by itself.
const isCopy = ({ type, key, target }) =>
  target.closest?.('[data-copies]') && (type === 'click' || key === 'Enter' || key === ' ');

for (const kind of ['click', 'keydown']) addEventListener(kind, due, true);
