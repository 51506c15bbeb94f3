// Dialogs: the browser keeps the focus in them; here it is brought back, and what was typed is cleared.

import { button, fill, h, iconButton, uid } from './dom.js';
import { trouble } from './say.js';

/** Opens a dialog. `build(dialog)` gives `{body, foot, submit}`; with `submit` it is a form. */
export function openDialog({ title, kind = 'dialog', mono = false }, build) {
  const opener = document.activeElement;
  const head = uid('head');
  const heard = h('div', { class: 'heard', role: 'status', 'aria-live': 'polite' });
  const node = h('dialog', { class: kind, 'aria-labelledby': head });
  const dialog = { node, heard, close: () => node.close(), leave: [] };
  dialog.titled = (words) => {
    node.querySelector(`#${head}`).textContent = words;
  };
  const { body, foot, submit } = build(dialog);
  dialog.body = h('div', { class: 'dialog-body' }, body, heard);
  const parts = [heading(head, title, mono, dialog), dialog.body, foot && h('div', { class: 'dialog-foot' }, foot)];
  fill(node, submit ? form(parts, submit, dialog) : parts);
  node.addEventListener('close', () => closed(dialog, opener), { once: true });
  document.body.append(node);
  node.showModal();
  return dialog;
}

/** Opens a dialog at the side; a click beside it closes it, since nothing is typed that could be lost. */
export function openDrawer(given, build) {
  const dialog = openDialog({ ...given, kind: 'dialog drawer' }, build);
  dialog.node.addEventListener('click', (event) => event.target === dialog.node && dialog.close());
  return dialog;
}

function heading(id, title, mono, dialog) {
  return h(
    'div',
    { class: 'dialog-head' },
    h('h2', { id, class: mono ? 'mono' : '' }, title),
    iconButton('close', 'Close', dialog.close),
  );
}

function form(parts, submit, dialog) {
  const listen = {
    submit: (event) => {
      event.preventDefault();
      attempt(dialog, () => submit(dialog));
    },
  };
  return h('form', { novalidate: true, autocomplete: 'off', on: listen }, parts);
}

/** Does something for a dialog: its buttons wait, and what goes wrong is shown in it. */
export async function attempt(dialog, work) {
  if (dialog.node.getAttribute('aria-busy') === 'true') return;
  dialog.node.setAttribute('aria-busy', 'true');
  fill(dialog.heard);
  try {
    await work();
  } catch (error) {
    fill(dialog.heard, trouble(error));
    dialog.heard.scrollIntoView({ block: 'nearest' });
  } finally {
    dialog.node.removeAttribute('aria-busy');
  }
}

/** Wipes every field in a part of the page. */
function wipe(part) {
  for (const field of part.querySelectorAll('input, textarea')) field.value = '';
}

function closed(dialog, opener) {
  for (const leave of dialog.leave) leave();
  wipe(dialog.node);
  dialog.node.remove();
  giveBack(opener);
}

// A list that was loaded again has other elements: the one of the same name is meant then.
function giveBack(opener) {
  if (document.querySelector('dialog[open]')?.contains(document.activeElement)) return;
  const key = opener?.dataset?.focus;
  const twin = key && document.querySelector(`[data-focus="${CSS.escape(key)}"]`);
  for (const place of [opener, twin, document.querySelector('main h1')]) {
    if (!place || place === document.body) continue;
    place.focus();
    if (document.activeElement === place) return;
  }
}

/** Closes every dialog. */
export function closeAll() {
  for (const open of [...document.querySelectorAll('dialog[open]')].reverse()) open.close();
}

/** Asks before something is done that cannot be taken back; does it where the answer is yes. */
export function confirm({ title, words, yes, danger = true, work }) {
  return openDialog({ title, kind: 'dialog dialog-small' }, (dialog) => ({
    body: words.map((line) => (line instanceof Node ? line : h('p', null, line))),
    foot: [
      button('Cancel', dialog.close, { autofocus: true }),
      h('button', { type: 'submit', class: `button ${danger ? 'button-danger-main' : 'button-main'}` }, yes),
    ],
    submit: async () => {
      await work(dialog);
      dialog.close();
    },
  }));
}
