// Where the focus goes when what has it is replaced, hidden or taken away: to the element of the same name, else to what
// took its place, else to the heading.

const REACHED = 'button, a[href], input, select, textarea, summary, [tabindex="0"]';

/** Returns a function that gives the focus back after the children of an element are replaced; null if it is not in it. */
export function kept(part) {
  const at = document.activeElement;
  if (!at || at === part || !part.contains(at)) return null;
  const row = at.closest('[data-key]');
  const place = row && [...row.parentElement.children].indexOf(row);
  const word = row && at.dataset.focus?.slice(0, -row.dataset.key.length);
  return () => give(at, named(at.dataset.focus), row && neighbour(part, place, word));
}

// The row that is now at the place of one that has gone, or the last: the same button in it, else its first.
function neighbour(part, place, word) {
  const rows = part.querySelectorAll('[data-key]');
  const row = rows[Math.min(place, rows.length - 1)];
  return row && ((word && row.querySelector(`[data-focus^="${CSS.escape(word)}"]`)) || row.querySelector(REACHED));
}

const top = () => [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;

function named(key) {
  return key ? top().querySelector(`[data-focus="${CSS.escape(key)}"]`) : null;
}

/** Gives the focus to the first of some elements that takes it, else to the heading. */
export function give(...places) {
  for (const place of places) {
    if (!place?.isConnected || place === document.body) continue;
    place.focus({ preventScroll: true });
    if (document.activeElement === place) return;
  }
  land();
}

/** Gives the focus back to what had it, or to the element of its name in a list that was loaded again. */
export const back = (opener) => give(opener, named(opener?.dataset?.focus));

/** Gives the focus to the heading of the topmost dialog, or of the page. */
function land() {
  const heading = top() === document ? document.querySelector('main h1') : top().querySelector('h2');
  heading?.setAttribute('tabindex', '-1');
  heading?.focus({ preventScroll: true });
}

/** Hides an element, or shows it. */
export function conceal(node, hidden) {
  const had = hidden && node.contains(document.activeElement);
  node.hidden = hidden;
  if (had) land();
}

/** Takes an element away; the focus goes to what comes after it, or before it, else to a place that is named. */
export function takeAway(node, otherwise) {
  const next = node.nextElementSibling ?? node.previousElementSibling;
  node.remove();
  give(next?.querySelector('input, textarea, select') ?? next?.querySelector(REACHED), otherwise);
}
